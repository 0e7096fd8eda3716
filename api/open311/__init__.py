"""Open311 GeoReport v2: what other platforms send tickets by and follow them."""
