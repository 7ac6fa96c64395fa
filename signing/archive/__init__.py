"""Evidence records of the archive (RFC 4998): hash trees, records, their renewal and checking."""
