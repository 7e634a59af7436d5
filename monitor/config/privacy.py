"""`privacy`: what may leave in a message, and how ids are hashed."""

from __future__ import annotations

from pydantic import Field, SecretStr

from monitor.config.section import Section


class PrivacySection(Section):
    """Nothing of a single record leaves unless it is named here."""

    hash_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="The secret under which ids and callers are hashed. "
        "By default a random one, kept in a file beside the references.",
    )
    show: tuple[str, ...] = Field(
        default=(),
        description="Features of which single values may be named in messages, as with the feature's `show_values`.",
    )
