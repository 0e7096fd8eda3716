"""The web console: pages for call-takers, grid managers and engineers; a client of the HTTP API alone."""
