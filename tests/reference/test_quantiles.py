from __future__ import annotations

import pytest
from scipy.stats import beta, chi2, norm

from monitor.reference.quantiles import chi_square, normal, share_at_most

UPPER = (0.5, 0.05, 0.01, 0.025 / 24 / 23, 1e-8)


@pytest.mark.parametrize("upper", UPPER)
def test_the_normal_quantile_is_scipy_s(upper):
    assert normal(upper) == pytest.approx(norm.isf(upper), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("upper", [*UPPER, 0.95])
@pytest.mark.parametrize("degrees", [1, 2, 3, 15, 21, 22, 99, 200])
def test_the_chi_square_quantile_is_scipy_s_up_to_200_degrees(degrees, upper):
    assert chi_square(degrees, upper) == pytest.approx(chi2.isf(upper, degrees), rel=1e-8)


@pytest.mark.parametrize("upper", [*UPPER, 0.95])
@pytest.mark.parametrize("degrees", [201, 500, 5_000, 500_000])
def test_the_chi_square_quantile_is_within_two_thousandths_of_scipy_s_beyond(degrees, upper):
    assert chi_square(degrees, upper) == pytest.approx(chi2.isf(upper, degrees), rel=2e-3)


@pytest.mark.parametrize("upper", UPPER)
@pytest.mark.parametrize(
    ("events", "of"),
    [
        *[(0, 1), (0, 500), (1, 500), (7, 500), (250, 500), (499, 500), (40, 50_000), (2_000, 5_000), (2_001, 5_000)],
        *[(99_999, 100_000), (400_000, 1_000_000), (2_500, 1_000_000_000)],
    ],
)
def test_the_bound_of_a_share_is_clopper_and_pearson_s(events, of, upper):
    assert share_at_most(events, of, upper) == pytest.approx(beta.isf(upper, events + 1, of - events), rel=1e-7)


def test_the_bound_of_a_share_that_always_happened_is_one():
    assert share_at_most(500, 500, 0.01) == 1.0


def test_a_sample_shrunk_by_dependence_counts_whole_records_only():
    assert share_at_most(0, 100.9, 0.01) == share_at_most(0, 100, 0.01)
