"""`privacy`: what may leave in a message, and how ids are hashed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import Field, SecretStr

from monitor.config.section import Section
from monitor.errors import BadReference

KEY_FILE = "hash-key"


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

    def key(self, references: Path) -> bytes:
        """Return the secret: the configured one, else that of the folder of references, made there at its first use.

        Raises
        ------
        BadReference
            Where the file can be neither read nor made.
        """
        if self.hash_key is not None:
            return self.hash_key.get_secret_value().encode()
        path = references / KEY_FILE
        try:
            return path.read_bytes() if path.exists() else _made(path)
        except OSError as error:
            raise BadReference(
                f"{path}: {error.strerror}. Ids and callers are hashed with it; set privacy.hash_key instead"
            ) from None


def _made(path: Path) -> bytes:
    """Write a random key that its owner alone may read; where another process was first, its key counts."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return path.read_bytes()
