"""Mutants of valid documents: none is accepted whose signed bytes or looks are others."""
