"""Auditing an installation: what is stored is compared with what it must be, and never changed."""
