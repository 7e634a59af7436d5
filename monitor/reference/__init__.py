"""What was accepted: schema, bins, counts, provenance."""
