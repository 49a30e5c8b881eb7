"""The example shop runs, and its planted defects are where their marks say."""

import re
from pathlib import Path

SHOP = Path(__file__).parents[2] / "examples" / "storefront"

_MARK = re.compile(r"^\s*(?:#|//|--) defect: (?P<rule>[a-z]+(?:-[a-z]+)*)$")


def sources(*suffixes: str) -> list[Path]:
    """The shop's own files, without what running it by hand leaves behind."""
    return sorted(
        path
        for path in SHOP.rglob("*")
        if path.suffix in suffixes and "node_modules" not in path.parts
    )


def planted() -> set[tuple[str, int, str]]:
    """Path from the shop's root, zero-based line where the finding starts (as `check --format json`
    counts), and rule of each defect: a mark stands on the line directly above."""
    return {
        (path.relative_to(SHOP).as_posix(), line, mark["rule"])
        for path in sources(".py", ".js", ".sql", ".yaml")
        for line, text in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (mark := _MARK.match(text))
    }
