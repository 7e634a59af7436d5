from __future__ import annotations

import re

import pytest

CODE = ("monitor", "detectors", "sinks", "tests", "benchmarks", "examples", "helm")
NAMED_FOR_NOTHING = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}

# Put together here, so that this file does not name them either.
UNNAMED = [
    mark.join(words)
    for mark, words in (
        (".", ("pypi", "org")),
        (".", ("pythonhosted", "org")),
        (".", ("crates", "io")),
        (".", ("proxy", "golang", "org")),
        (".", ("registry", "npmjs", "org")),
        (".", ("maven", "apache", "org")),
        (".", ("repo1", "maven", "org")),
        (".", ("deb", "debian", "org")),
        (".", ("docker", "io")),
        (".", ("ghcr", "io")),
        (".", ("quay", "io")),
        ("/", ("", "work", "main")),
        ("/", ("", "work", "shared")),
        ("-", ("farm", "studio")),
        (".", ("", "library/")),
    )
]


@pytest.fixture(scope="module")
def modules(committed):
    return [path for path in committed if path.suffix == ".py" and path.parts[0] in CODE]


def test_no_file_is_longer_than_300_lines(root, modules):
    lines = {str(path): len((root / path).read_text().splitlines()) for path in modules}
    assert {path: count for path, count in lines.items() if count > 300} == {}


def test_every_module_has_a_name_of_its_own(modules):
    assert [str(path) for path in modules if NAMED_FOR_NOTHING & {path.stem.strip("_"), *path.parts}] == []


def test_every_class_has_a_name_of_its_own(root, modules):
    vague = re.compile(r"^class (_?Base[A-Z]\w*|\w*(?:Manager|Helper|Utils?|Base))\b", re.MULTILINE)
    found = {str(path): vague.findall((root / path).read_text()) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def test_tests_are_not_a_package(modules):
    assert [str(path) for path in modules if path.parts[0] == "tests" and path.name == "__init__.py"] == []


@pytest.mark.parametrize("name", UNNAMED)
def test_no_committed_file_names_a_registry_or_a_workplace(root, committed, name):
    found = [str(path) for path in committed if name.encode() in (root / path).read_bytes()]
    assert found == []


def test_every_silenced_lint_rule_is_named_and_has_a_reason(root, modules):
    reasoned = re.compile(r"# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \w")
    silenced = [
        f"{path}:{number}"
        for path in modules
        for number, line in enumerate((root / path).read_text().splitlines(), 1)
        if "# noqa" in line and "test_files.py" not in path.name and not reasoned.search(line)
    ]
    assert silenced == []
