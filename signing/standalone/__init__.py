"""Small verifiers that stand alone: a page and a Python file; they know nothing of the package."""
