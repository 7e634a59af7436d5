"""The configuration: one section a file, each key documented where it is defined."""
