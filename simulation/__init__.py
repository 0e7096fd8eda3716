"""A seeded city in the manner of Shanghai to try things on: ground, units, customers, calls and their noise."""
