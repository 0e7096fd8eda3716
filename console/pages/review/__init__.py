"""Review: the tickets that wait for a person."""
