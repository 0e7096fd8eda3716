"""Which models there are, how they do, and which one serves."""
