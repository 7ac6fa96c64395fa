"""Proof: judging signatures, sealing evidence, the log, and checking all of it."""
