"""The `gridroute` command: composition root, lazy imports, no logic."""
