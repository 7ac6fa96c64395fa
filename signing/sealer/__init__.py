"""The small program that holds the seal key: facts in, sealed evidence out."""
