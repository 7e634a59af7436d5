"""Ways to bin a record, one method a file."""
