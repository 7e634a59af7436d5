"""`seawall demo`: a minute of real predictions going wrong, through the real pipeline."""
