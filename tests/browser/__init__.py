"""The console in a browser, before a service with a small trained city."""
