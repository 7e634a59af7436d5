from __future__ import annotations

import re
import tomllib

import pytest


@pytest.fixture(scope="module")
def text(root):
    return (root / "pyproject.toml").read_text()


@pytest.fixture(scope="module")
def settings(text):
    return tomllib.loads(text)


def test_every_ignored_rule_has_its_reason_beside_it(text, settings):
    lint = settings["tool"]["ruff"]["lint"]
    ignored = [*lint["ignore"], *(rule for rules in lint["per-file-ignores"].values() for rule in rules)]
    reasoned = re.findall(r'^  "([A-Z]+[0-9]*)", +# \S.+$', text, re.MULTILINE)
    assert sorted(ignored) == sorted(reasoned)


def test_every_warning_is_an_error_unless_a_reason_stands_beside_it(text, settings):
    first, *exceptions = settings["tool"]["pytest"]["ini_options"]["filterwarnings"]
    assert first == "error"
    assert exceptions == re.findall(r'^  "([a-z]+:.+)", +# \S.+$', text, re.MULTILINE)


def test_every_module_of_the_monitor_stands_in_the_arrows(root, settings):
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name for layer in layers for name in re.findall(r"[\w.]+", layer)}
    assert [name for name in _modules(root / "monitor", "monitor") if not _stands(name, placed)] == []
    assert {"detectors", "sinks"} <= placed


def _modules(folder, package):
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"{package}.{path.stem}"
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").exists():
            yield from _modules(path, f"{package}.{path.name}")


def _stands(module, placed):
    parts = module.split(".")
    return any(".".join(parts[:count]) in placed for count in range(2, len(parts) + 1))


def test_the_licence_is_apache_2_whole(root, settings):
    text = (root / "LICENSE").read_text()
    assert settings["project"]["license"] == "Apache-2.0"
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "9. Accepting Warranty or Additional Liability" in text
    assert text.rstrip().endswith("limitations under the License.")


def test_the_chart_and_the_package_are_of_one_version(root):
    chart = (root / "helm/seawall/Chart.yaml").read_text()
    package = (root / "monitor/__init__.py").read_text()
    version = re.search(r'__version__ = "(.+)"', package)[1]
    assert f"\nappVersion: {version}\n" in chart
    assert f"\nversion: {version}\n" in chart
