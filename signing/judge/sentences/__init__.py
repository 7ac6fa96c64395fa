"""What the judge says, in Thai and English: a table for each subject."""
