"""Labels that come later and from elsewhere, joined to predictions by id."""
