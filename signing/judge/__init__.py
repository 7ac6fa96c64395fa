"""The only door to the parsers of hostile documents."""
