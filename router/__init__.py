"""The way of a ticket: parse, locate, retrieve, rank, decide; the use cases and the ports."""
