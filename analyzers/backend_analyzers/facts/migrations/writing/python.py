"""Pieces of Python, as migrations are written."""

from __future__ import annotations


def string(text: str) -> str:
    """A literal of a text, in double quotes where that needs no escapes."""
    if "\n" in text:
        return f'"""{text}"""' if '"""' not in text and "\\" not in text else repr(text)
    return f'"{text}"' if '"' not in text and "\\" not in text else repr(text)


def call_with(call: str, argument: str) -> str:
    """A call with one more keyword argument."""
    inside = call[:-1].rstrip()
    if "\n" in call and inside.endswith(","):
        line = inside[inside.rfind("\n") + 1 :]
        indent = line[: len(line) - len(line.lstrip())]
        tail = call[len(inside) :]
        return f"{inside}\n{indent}{argument},{tail}"
    comma = "" if inside.endswith(("(", ",")) else ","
    space = "" if inside.endswith("(") else " "
    return f"{inside}{comma}{space}{argument})"


def indented(text: str) -> str:
    """A statement four columns further to the right."""
    return "    " + text.replace("\n", "\n    ")
