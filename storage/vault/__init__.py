"""Documents at rest: encrypted segments, wrapped keys."""
