"""A replay tells the same on a processor with fewer features and more cores: from bytes to events, all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import traffic
from traffic import lines

FEATURES = """
import sys
try:
    from numpy._core import _multiarray_umath as kernels
except ImportError:  # numpy 1.26
    from numpy.core import _multiarray_umath as kernels
print(" ".join(f for f in kernels.__cpu_dispatch__ if kernels.__cpu_features__.get(f)))
"""


REPLAY = "import sys; from monitor.cli.main import main; sys.exit(main(sys.argv[1:]))"


def python(*arguments: str, without: str = "", threads: int = 1) -> str:
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": without, "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_without_the_processors_vector_extensions_and_with_more_threads_a_replay_writes_the_same_bytes(
    tmp_path, configured
):
    data, config = tmp_path / "data.jsonl", configured(tolerance=0)
    data.write_bytes(lines(traffic.traffic(60, seed=2, changed=range(30, 60), change=traffic.higher_income)))
    optional = python("-c", FEATURES).strip()
    written = []
    for without, threads in (("", 1), (optional, 4)):
        assert python("-c", FEATURES, without=without).strip() == ("" if without else optional)
        events, findings = (tmp_path / f"{kind}{len(written)}.jsonl" for kind in ("events", "findings"))
        told = ["--events", str(events), "--findings", str(findings)]
        python("-c", REPLAY, "replay", str(data), "-c", str(config), *told, without=without, threads=threads)
        written.append([path.read_bytes() for path in (events, findings)])
    assert written[0] == written[1]
    assert all(Path(tmp_path / f"{kind}0.jsonl").stat().st_size > 500 for kind in ("events", "findings"))
