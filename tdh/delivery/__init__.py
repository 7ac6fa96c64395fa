"""The steps of a delivery; every effect goes through a port."""
