"""Records into slots, slots into tallies."""
