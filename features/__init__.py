"""Ticket (and candidate) to facts and numbers: pure, deterministic, the same in training and serving."""
