"""Processes that route beside the one that serves: the wire between them, and both its ends."""
