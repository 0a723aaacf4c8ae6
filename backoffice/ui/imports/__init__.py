"""Master data from files, through the forms of its own screens."""
