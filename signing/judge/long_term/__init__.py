"""What may follow the last signature of a PDF: validation data and document timestamps."""
