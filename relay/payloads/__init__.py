"""JSON to domain values and back (pydantic); dicts end here."""
