"""Findings into incidents: what a person is told, and when."""
