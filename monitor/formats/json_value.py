"""JSON from strangers: capped before it is parsed, and tolerant of what Python's own json writes."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

import msgspec

from monitor.errors import BadRecord

MAX_BYTES = 1 << 20
MAX_DEPTH = 64

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_LIKE_A_ROW = re.compile(r"\s*[^\s{\[][^\n]*[,;\t|]")
_A_ROW = ". If it is a row of a table: it needs as many cells as the header has columns, and a file named .csv"
_NO_BRACKETS = bytes(set(range(256)) - set(b'"[]{}'))
_decode = msgspec.json.Decoder().decode


def check_caps(value: bytes | None, most: int = MAX_BYTES) -> bytes:
    """Return the value, if it has at most so many bytes and is flat enough to be parsed.

    Raises
    ------
    BadRecord
        `empty`, `too_large` or `too_deep`.
    """
    if not value:
        raise BadRecord("empty", "the message has no value")
    if len(value) > most:
        raise BadRecord("too_large", f"{len(value):,} bytes, at most {most:,} are read")
    if value.count(b"[") + value.count(b"{") > MAX_DEPTH and not _is_flat(value) and depth(value) > MAX_DEPTH:
        raise BadRecord("too_deep", f"nested deeper than {MAX_DEPTH} levels")
    return value


def unpacked(value: bytes | None) -> bytes | None:
    """Return the value, out of gzip where it is packed (RFC 1952: it begins with 1f 8b); JSON never begins so.

    Raises
    ------
    BadRecord
        `too_large` for what unpacks to more than `MAX_BYTES`, `not_gzip` for what does not unpack to its end.
    """
    if value is None or value[:2] != b"\x1f\x8b":
        return value
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(value, MAX_BYTES + 1)
    except zlib.error as error:
        raise BadRecord("not_gzip", f"a gzip body that cannot be unpacked ({error})") from None
    if len(plain) > MAX_BYTES:
        raise BadRecord("too_large", f"more than {MAX_BYTES:,} bytes when unpacked")
    if not unpacking.eof or unpacking.unused_data:
        raise BadRecord("not_gzip", "a gzip body that is not whole")
    return plain


def _is_flat(value: bytes) -> bool:
    """Return whether a quick look sees that nothing nests deeper than `MAX_DEPTH`; a tenth of the time of `depth`.

    Where all that is left are brackets and quotes, and no quote is escaped, texts without brackets are two quotes side
    by side; taking them away, then empty pairs of brackets, at most two levels at once, leaves nothing of a flat value.
    """
    if b"\\" in value:
        return False
    left = value.translate(None, _NO_BRACKETS).replace(b'""', b"")
    for _ in range(MAX_DEPTH // 2):
        if not left or b'"' in left:
            break
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return not left


def depth(value: bytes) -> int:
    """Return how deep arrays and objects nest, brackets in strings left out.

    >>> depth(b'{"a": [1, "[[["]}')
    2
    """
    level = deepest = 0
    for match in _BRACKETS.finditer(value):
        token = match.group()
        if token in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif token in b"]}":
            level -= 1
    return deepest


def parse(value: bytes | None, most: int = MAX_BYTES) -> Any:
    """Return the JSON value. Of duplicate keys the last wins; NaN, Infinity and 1e999 are numbers.

    Raises
    ------
    BadRecord
        `empty`, `too_large`, `too_deep`, `not_utf8` or `not_json`.
    """
    value = check_caps(value, most)
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_as_python_wrote_it(value)


def _parse_as_python_wrote_it(value: bytes) -> Any:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRecord("not_utf8", f"byte {error.start} is not UTF-8") from None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        row = _A_ROW if _LIKE_A_ROW.match(text) else ""
        raise BadRecord("not_json", str(error)[:200] + row) from None
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRecord("not_utf8", "half of a surrogate pair") from None
    return parsed
