"""What an administrator looks after: units, their ground, their endpoints, and who may come in."""
