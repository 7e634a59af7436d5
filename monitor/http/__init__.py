"""What others see of a running monitor: metrics, health and the page."""
