"""The event kinds of this floor."""
