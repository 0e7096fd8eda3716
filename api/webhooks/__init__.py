"""Dispatches as webhooks, in the form of Standard Webhooks (www.standardwebhooks.com)."""
