"""Addresses of any city: their parts, how they sound, and what two of them have in common."""
