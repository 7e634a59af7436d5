"""When a retraining is started, and what keeps it from being started."""
