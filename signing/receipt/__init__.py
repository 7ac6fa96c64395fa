"""Receipts: one evidence as a page for people, sealed, with all that proves it inside."""
