"""`seawall demo`: real predictions going wrong for 80 seconds, through the real pipeline."""
