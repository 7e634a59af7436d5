"""The state of a library's object as plain values, without pickle.

It is put back into a fresh object of the same configuration: what was saved names no class and calls nothing.
"""

from __future__ import annotations

from collections import deque
from random import Random
from types import MethodType
from typing import Any

import numpy as np

_PLAIN = (bool, int, float, str, bytes, type(None))
_LIBRARIES = ("river.",)


class NotPlainError(Exception):
    """Something in an object is neither a plain value nor made of such."""


def plain(value: Any) -> Any:
    """Return the state of an object, and of what it is made of, as plain values. Raises NotPlainError."""
    if isinstance(value, np.generic | MethodType):
        return value.item() if isinstance(value, np.generic) else None  # a method of its own, as configured
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, deque | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Random):
        return plain(value.getstate())
    if _packs_itself(value):
        return value.__getstate__()
    if type(value).__module__.startswith(_LIBRARIES) and hasattr(value, "__dict__"):
        return {name: plain(part) for name, part in vars(value).items()}
    raise NotPlainError(f"it holds a {type(value).__name__}")


def put_back(fresh: Any, state: Any) -> Any:
    """Return `fresh`, of the same configuration, with the state that `plain` took."""
    if isinstance(fresh, MethodType):
        return fresh
    if isinstance(fresh, deque):
        return deque(state, maxlen=fresh.maxlen)
    if isinstance(fresh, Random):
        fresh.setstate((state[0], tuple(state[1]), state[2]))
    elif isinstance(state, dict):
        for name, part in state.items():
            setattr(fresh, name, put_back(getattr(fresh, name), part))
    elif _packs_itself(fresh):
        fresh.__setstate__(state)
    else:
        return state
    return fresh


def _packs_itself(value: Any) -> bool:
    """Return whether it gives and takes its whole state as bytes, as river's parts in Rust do."""
    return hasattr(value, "__setstate__") and isinstance(value.__getstate__(), bytes)
