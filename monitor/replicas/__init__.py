"""Several processes share the work: each counts the partitions it has, and judges the models it has."""
