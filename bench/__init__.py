"""Measures the product against the raw SQL that writes the same rows."""
