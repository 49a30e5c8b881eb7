"""The ir as text that can be read in a test, each node checked against its source."""

from __future__ import annotations

from itertools import pairwise

from backend_analyzers import ir
from backend_analyzers.source import File, Language
from backend_analyzers.syntax import module


def rendered(source: str, language: Language = Language.PYTHON) -> str:
    """One line for each unit."""
    file = File("test", language, source.encode())
    return "\n".join(shown(unit.node) for unit in checked(file).units)


def checked(file: File) -> ir.Module:
    """The ir of a file, once every node in it is known to lie where it says."""
    lowered = module(file)
    assert len(lowered.units) == len(lowered.offsets)
    assert len({unit.key for unit in lowered.units}) == len(lowered.units)
    assert all(before <= after for before, after in pairwise(lowered.offsets))
    for unit, offset in zip(lowered.units, lowered.offsets, strict=True):
        assert unit.node.start == 0, unit
        text = file.text[offset : offset + unit.node.end]
        assert len(text) == unit.node.end
        for node in ir.walk(unit.node):
            _check(node, unit.node.end, text)
    return lowered


def _check(node: ir.Node, end: int, text: bytes) -> None:
    assert 0 <= node.start <= node.end <= end, node
    source = text[node.start : node.end].decode()
    match node:
        case ir.Name(id=name):
            assert source in {name, ""}
        case ir.Attribute(name=name, name_start=start):
            assert text[start:].decode().startswith(name)
        case ir.Function(name=name, name_start=start, name_end=after):
            assert text[start:after].decode() in {name, f'"{name}"', f"'{name}'"}
        case ir.Class(name=name, name_start=start, name_end=after):
            assert text[start:after].decode() in {name, ""}
        case ir.Chunk(text=value):
            assert value == source or source[0] in "\\{}\r"
        case _:
            pass


def shown(node: ir.Node) -> str:
    """`(Type value… (Inner …) [(Each of several) …])`; what is empty or false is left out."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Constant(value=value):
            return repr(value)
        case ir.Chunk(text=text):
            return repr(text)
        case ir.Attribute(value=value, name=name):
            return f"{shown(value)}.{name}"
        case ir.Operator(operator=operator, operands=operands):
            return f"({' '.join([operator, *map(shown, operands)])})"
        case ir.Argument(value=value, name=name, spread=spread):
            return f"{name}{'=' if name else ''}{spread}{shown(value)}"
        case ir.Entry(value=value, key=key, spread=spread):
            return f"{'*' if spread else ''}{shown(key) + ':' if key else ''}{shown(value)}"
        case ir.Evaluate(value=value):
            return f"={shown(value)}"
        case _:
            words = [type(node).__name__, *_fields(node)]
            return f"({' '.join(words)})"


def _fields(node: ir.Node) -> list[str]:
    out = []
    for field in node.__struct_fields__[2:]:
        value = getattr(node, field)
        if isinstance(value, ir.Node):
            inner = shown(value)
            out.append(inner if field in _PLAIN else f"{field}={inner}")
        elif isinstance(value, tuple) and value:
            inner = f"[{' '.join(map(shown, value))}]"
            out.append(inner if field in _PLAIN else f"{field}={inner}")
        elif isinstance(value, str) and value:
            out.append(value if field in _PLAIN else f"{field}={value}")
        elif value is True:
            out.append(field)
    return out


_PLAIN = {"name", "body", "value", "values", "parts", "function", "arguments", "parameters"} | {
    "module",
    "names",
    "targets",
    "test",
    "kind",
    "entries",
    "children",
    "index",
    "expressions",
    "element",
}
