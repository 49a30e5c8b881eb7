"""What the path of a file says of its purpose."""

from __future__ import annotations

import re

_TEST_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "testing",
        "__tests__",
        "__mocks__",
        "spec",
        "specs",
        "e2e",
        "fixtures",
        "testdata",
        "test-data",
        "test_data",
        "cypress",
        "playwright",
        "benchmarks",
    }
)
_TEST_FILE = re.compile(
    r"^(?:test_.*\.pyi?|.*_tests?\.py|conftest\.py|.*[.-](?:test|spec|e2e|stories)\.[cm]?[jt]sx?)$"
)
_NUMBER = re.compile(r"(\d+)")


def is_test(path: str) -> bool:
    """Whether a file serves to test others, and is never deployed."""
    *folders, name = path.split("/")
    return bool(_TEST_FILE.match(name)) or any(f.lower() in _TEST_FOLDERS for f in folders)


def natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that counts `9_users.sql` before `10_orders.sql`, as migration tools do."""
    return tuple(
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for part in _NUMBER.split(path)
        if part
    )


def folder(path: str) -> str:
    """The folder of a file, empty at the root."""
    return path.rpartition("/")[0]
