"""Seawall: a streaming production monitor for drift and adversarial inputs."""

__version__ = "0.1.0"
