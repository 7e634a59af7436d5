"""What signals are called whose names are not made for reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping

STRANGE = {
    "anomaly.knn": "unusual records",
    "anomaly.trust": "records unlike their predicted class",
}
"""What signals of single records' scores are called."""

TOGETHER = {
    "distance": "combinations of features",
    "residual": "relations between features",
    "combinations": "combinations of features",
}
"""What signals of several columns are called, those of two aside."""


def together(what: str) -> str:
    """Return which columns a signal of several is about.

    >>> together("pair.income+amount"), together("distance"), together("CVMDriftOnline")
    ('income and amount', 'combinations of features', 'joint CVMDriftOnline')
    """
    kind, _, columns = what.partition(".")
    return columns.replace("+", " and ") if kind == "pair" else TOGETHER.get(what, f"joint {what}")


def asked(check: str) -> str:
    """Return what the shadow endpoint was asked.

    >>> asked("noise.0.2"), asked("missing.0.1"), asked("monotone.income"), asked("skew")
    ('noise of 0.2 sd', '10 % of features missing', 'income moved', 'records as they came')
    """
    kind, _, rest = check.partition(".")
    if kind == "missing":
        return f"{100 * float(rest):.3g} % of features missing"
    return {"noise": f"noise of {rest} sd", "monotone": f"{rest} moved", "skew": "records as they came"}.get(
        kind, check
    )


SAID: Mapping[str, Callable[[str], str]] = {"shadow": asked, "joint": together}
"""How signals are called whose names are not made for reading."""
