"""Where messages come from: a Kafka topic or a file."""
