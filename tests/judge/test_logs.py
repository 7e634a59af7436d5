"""Logarithms of our own: right to the last few bits, and made of what every processor rounds alike."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.logs import logarithms


@given(st.floats(1e-300, 1e300))
def test_a_logarithm_is_right(x):
    with localcontext() as context:
        context.prec = 40
        real = Decimal(x).ln()
        assert abs(Decimal(float(logarithms(np.array([x]))[0])) - real) <= Decimal("1e-12") + abs(real) * Decimal(
            "1e-15"
        )


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=40))
def test_each_is_what_it_is_alone(xs):
    alone = [float(logarithms(np.array([x]))[0]) for x in xs]
    assert logarithms(np.array(xs)).tolist() == alone
