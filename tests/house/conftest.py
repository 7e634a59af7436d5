from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def committed():
    """What is committed, or would be by `git add .`, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := Path(line)) and (ROOT / path).is_file()]


@pytest.fixture
def chart(root):
    helm = pytest.importorskip("helm_python")
    with helm.Chart.load(str(root / "helm/seawall")) as loaded:
        yield loaded


@pytest.fixture
def objects():
    """What a chart renders, by kind; of two ConfigMaps the one that configures Seawall, not the dashboard's."""

    def rendered(chart, values):
        manifests = chart.render(values, name="watch", namespace="models")
        texts = [text for path, text in sorted(manifests.items(), reverse=True) if path.endswith(".yaml")]
        return {each["kind"]: each for text in texts for each in yaml.safe_load_all(text) if each}

    return rendered


@pytest.fixture
def render(root, chart, objects):
    """Render a shape, that is a values file of the chart's ci folder, with some values changed."""

    def rendered(shape, **values):
        given = yaml.safe_load((root / f"helm/seawall/ci/{shape}.yaml").read_text()) if shape != "defaults" else {}
        return objects(chart, given | values)

    return rendered


@pytest.fixture
def validate():
    """Hold an object against the schemas of a Kubernetes version, unknown fields included."""
    strictly = pytest.importorskip("kubernetes_validate").validate
    return lambda each, version: strictly(each, version, strict=True)
