"""The witness: a small program that cosigns heads of other people's logs (tlog-witness)."""
