"""The container `.asice` that a stranger gets: written as a stream, ETSI EN 319 162-1."""
