"""`explain`: the pages of rules."""

from __future__ import annotations

import difflib
import sys

from rich.markdown import Markdown

from backend_analyzers import docs
from backend_analyzers.catalog import RULES
from backend_engineer.cli.console import terminal
from backend_engineer.cli.failure import Failure


def explain_rules(name: str | None, *, everything: bool) -> int:
    """Print the page of one rule, or of all."""
    if everything:
        _print(docs.index(RULES.values()))
    elif name is None:
        raise Failure("explain: name a rule, or ask for --all")
    elif name in RULES:
        _print(docs.page(RULES[name]))
    else:
        near = difflib.get_close_matches(name, RULES, 1)
        hint = f"did you mean `{near[0]}`?" if near else "`explain --all` lists them"
        raise Failure(f"explain: there is no rule `{name}`; {hint}")
    return 0


def _print(page: str) -> None:
    """Laid out on a terminal, and as it is in a pipe."""
    console = terminal(sys.stdout)
    if console.is_terminal:
        console.print(Markdown(page))
    else:
        sys.stdout.write(page)
