"""Facts and rules of a registered delivery.

Standard library only; no I/O, no clock, no randomness: those are arguments.
"""
