"""Getting events to sinks without ever making the pipeline wait."""
