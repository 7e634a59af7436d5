"""Wire formats, one a file, and the decoder that turns messages into columns."""
