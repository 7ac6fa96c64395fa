"""Memory: PostgreSQL and the vault."""
