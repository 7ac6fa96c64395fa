"""Fuzzing of every decoder that hostile bytes reach: `make fuzz`, or a regression in the tests."""
