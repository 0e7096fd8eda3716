"""The whole city on one screen."""
