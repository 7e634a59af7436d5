"""What a person must see of a reference before accepting it: what it shows, and what may be wrong with it."""
