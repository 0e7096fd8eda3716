"""Import, as-of replay, fit, calibrate, certify, evaluate, report, track and promote."""
