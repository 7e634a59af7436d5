"""Shadow checks: a share of the records is changed a little, the model is asked again, its answers are judged."""
