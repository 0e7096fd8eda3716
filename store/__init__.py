"""Adapters of the ports: SQL, the outbox, the registry of bundles, and their twin in memory."""
