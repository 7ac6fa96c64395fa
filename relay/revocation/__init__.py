"""Fetching revocation data from addresses that strangers wrote."""
