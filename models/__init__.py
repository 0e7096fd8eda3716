"""Things with fit and predict: text model, ranker, calibrator, certificate; and the bundle they live in on disk."""
