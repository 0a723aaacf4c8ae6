"""The lists of the staff site: strict filters, keyset pages, bounded work whatever the rows."""
