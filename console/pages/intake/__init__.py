"""Intake: the call centre takes tickets in, finds earlier ones, and imports files of them."""
