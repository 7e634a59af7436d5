"""Reading a YAML document strictly: no tags, no duplicate keys, keys are always text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from monitor.errors import ConfigError, Problem

LARGEST_FILE = 1 << 20
MOST_VALUES = 100_000
DEEPEST = 50
DEFAULT = Path("seawall.yaml")
"""What is read where nobody names another file."""


class _Refused(Exception):
    def __init__(self, line: int, words: str) -> None:
        self.line = line
        self.words = words


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, except that times stay text, and keys too (`on`, `1`, `null` name features)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(key.start_mark.line + 1, "a list or map cannot be a key")
            if key.value in seen:
                raise _Refused(key.start_mark.line + 1, f'the key "{key.value}" stands here a second time')
            seen.add(key.value)
            if key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_document(path: Path) -> dict[str, Any]:
    """Return the map that the file holds.

    Raises
    ------
    ConfigError
        There is no such file, or it is too large, not UTF-8, not YAML or not a map. Quotes none of its text but keys.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        words = f"there is no such file in {path.absolute().parent}"
        unnamed = ". Name yours: -c FILE (of check-config: FILE)" if path == DEFAULT else ""
        raise _mistake(path, "", words + unnamed) from None
    except OSError as why:
        raise _mistake(path, "", f"cannot be read: {why.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise _mistake(path, "", f"{len(raw):,} bytes are too many for a configuration. At most {LARGEST_FILE:,}")
    try:
        document = yaml.load(raw.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except UnicodeDecodeError as why:
        raise _mistake(path, "", f"not UTF-8 at byte {why.start}") from None
    except _Refused as refused:
        raise _mistake(path, f"line {refused.line}", refused.words) from None
    except yaml.MarkedYAMLError as why:
        where = f"line {why.problem_mark.line + 1}" if why.problem_mark else ""
        raise _mistake(path, where, f"not YAML: {why.problem}") from None
    except (yaml.YAMLError, ValueError):
        raise _mistake(path, "", "not YAML: it holds a character that YAML does not allow") from None
    except RecursionError:
        raise _mistake(path, "", "nested too deeply") from None
    if not isinstance(document, dict):
        found = "empty" if document is None else "not a map of keys to values"
        raise _mistake(path, "", f"the file is {found}. The least it needs: model, source, reference")
    return document


def _mistake(path: Path, where: str, words: str) -> ConfigError:
    return ConfigError(str(path), [Problem(where, words)])
