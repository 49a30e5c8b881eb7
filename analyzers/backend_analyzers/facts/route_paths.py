"""Paths of routes: one spelling for all frameworks, and which path covers which."""

from __future__ import annotations

import re

import msgspec


class PathParameter(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A parameter of a path.  `converter` is `str`, `int`, `path`, … or a regular expression."""

    name: str
    converter: str = "str"


class Path(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A path as `/orders/{order_id}`, with what its parameters accept."""

    text: str
    parameters: tuple[PathParameter, ...] = ()


_FASTAPI = re.compile(r"\{(\w+)(?::(\w+))?\}")
_FLASK = re.compile(r"<(?:([a-zA-Z_]\w*)(?:\((.*?)\))?:)?([a-zA-Z_]\w*)>")
_EXPRESS = re.compile(r"\{?/?:(\w+)(?:\(((?:[^()\\]|\\.)*)\))?([?*+])?\}?|\{?/?\*(\w*)\}?")


def normalised(framework: str, written: str) -> Path | None:
    """The common form of a path as written for a framework; None for what has no such form."""
    if framework == "express":
        return _express(written)
    pattern = _FLASK if framework == "flask" else _FASTAPI
    parameters: list[PathParameter] = []

    def parameter(match: re.Match[str]) -> str:
        if framework == "flask":
            arguments = f"({match[2]})" if match[2] else ""
            name, converter = match[3], (match[1] or "string") + arguments
        else:
            name, converter = match[1], match[2] or "str"
        converter = "str" if converter in {"string", "default"} else converter
        parameters.append(PathParameter(name, converter))
        return f"{{{name}}}"

    text = pattern.sub(parameter, written)
    return Path(text or "/", tuple(parameters))


def _express(written: str) -> Path | None:
    parameters: list[PathParameter] = []
    strange = False

    def parameter(match: re.Match[str]) -> str:
        nonlocal strange
        slash = "/" if match[0].lstrip("{").startswith("/") else ""
        if match[1] is None:
            name = match[4] or "path"
            parameters.append(PathParameter(name, "path"))
            return f"{slash}{{{name}}}"
        converter = match[2] or "str"
        if match[3] in {"*", "+"}:
            converter = "path"
        strange = strange or match[3] == "?" or match[0].startswith("{")
        parameters.append(PathParameter(match[1], converter))
        return f"{slash}{{{match[1]}}}"

    text = _EXPRESS.sub(parameter, written)
    if strange or re.search(r"[()?+]", re.sub(r"\{\w*\}", "", text)):
        return None
    text = re.sub(r"/{2,}", "/", text)
    if len(text) > 1:
        text = text.rstrip("/")
    return Path(text or "/", tuple(parameters))


def joined(framework: str, prefix: str, path: str) -> str:
    """A prefix and what is below it, as the framework joins them."""
    if framework == "fastapi":
        return prefix + path
    if framework == "flask":
        if not prefix:
            return path
        return f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path else prefix
    return re.sub(r"/{2,}", "/", f"{prefix}/{path}") if path not in {"", "/"} else prefix


def is_below(prefix: Path, path: Path) -> bool:
    """Whether a function used on `prefix` runs for `path`: whole segments, never part of one."""
    above = [one for one in prefix.text.split("/") if one]
    below = [one for one in path.text.split("/") if one]
    kinds = {one.name: one.converter for one in prefix.parameters}
    for number, segment in enumerate(above):
        name = segment[1:-1] if segment.startswith("{") and segment.endswith("}") else None
        if name is not None and kinds.get(name) == "path":
            return True
        if number >= len(below):
            return False
        if name is None and segment != below[number]:
            return False
    return True


def covers(earlier: Path, later: Path) -> bool:
    """Whether each request that matches `later` also matches `earlier`."""
    one, other = earlier.text.split("/"), later.text.split("/")
    kinds = {p.name: p.converter for p in earlier.parameters}
    others = {p.name: p.converter for p in later.parameters}
    for number, segment in enumerate(one):
        kind = _kind(segment, kinds)
        if kind == "path" and number == len(one) - 1:
            return number < len(other)
        if number >= len(other):
            return False
        if not _segment_covers(segment, kind, other[number], _kind(other[number], others)):
            return False
    return len(one) == len(other)


def _kind(segment: str, kinds: dict[str, str]) -> str | None:
    """The converter of a segment that is one whole parameter."""
    if segment.startswith("{") and segment.endswith("}") and segment.count("{") == 1:
        return kinds.get(segment[1:-1], "str")
    return None


_NUMBER = re.compile(r"[0-9]+")


def _segment_covers(segment: str, kind: str | None, other: str, other_kind: str | None) -> bool:
    if kind is None:
        return segment == other and "{" not in segment
    if other_kind == "path":
        return kind == "path"
    if kind == "str":
        return bool(other)
    if other_kind is not None:
        return kind == other_kind
    return kind == "int" and "{" not in other and bool(_NUMBER.fullmatch(other))
