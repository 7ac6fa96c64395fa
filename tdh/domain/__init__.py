"""Facts and rules of a registered delivery: standard library only, no I/O, no clock, no randomness."""
