"""Evidence and effect, one slot at a time."""
