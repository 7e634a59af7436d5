from __future__ import annotations

import pytest

from monitor.config.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("512Mi", 512 << 20),
        ("512MiB", 512 << 20),
        ("1.5Gi", 3 << 29),
        ("1 Gi", 1 << 30),
        ("512M", 512_000_000),
        ("512MB", 512_000_000),
        ("300000k", 300_000_000),
        ("2T", 2 * 10**12),
        ("536870912", 536870912),
        (" 1Gi ", 1 << 30),
    ],
)
def test_a_size_is_written_as_kubernetes_does(written, size):
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["", "Mi", "512m", "512mi", "512K", "-1Gi", "1,5Gi", "1e9", "half", "512Mi 1"])
def test_all_else_is_no_size(written):
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(written)


def test_a_size_is_told_in_mebibytes():
    assert format_size((256 << 20) - 1) == "255Mi"
