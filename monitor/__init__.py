"""Seawall: a streaming production monitor for drift and adversarial inputs."""

from __future__ import annotations

__version__ = "0.1.0"
