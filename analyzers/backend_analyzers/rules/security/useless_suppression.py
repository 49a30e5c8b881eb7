"""A suppression that suppresses nothing.

A comment that once silenced a finding and now silences nothing hides the next finding of that
rule in the same place, and tells the reader of a problem that is no longer there.

## Example

```python
import requests

# backend: ignore[missing-timeout] the gateway cuts the call off
# <- nothing here is reported by `missing-timeout`
requests.get("https://rates.example/usd", timeout=5)
```

Use instead:

```python
import requests

requests.get("https://rates.example/usd", timeout=5)
```

## Not reported

Rules that are switched off in the configuration still count: the comment is useless only when the
rule would report nothing there.  A name that is no rule of ours is reported, since it can never
suppress anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.suppressions import Suppression, suppressions
from backend_analyzers.rule import Change, Confidence, Finding, Fix, Severity, review_rule
from backend_analyzers.workspace import Workspace


@review_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def useless_suppression(
    workspace: Workspace, path: str, findings: tuple[Finding, ...]
) -> Iterator[Finding]:
    comments = workspace.one(path, suppressions) or ()
    if not workspace.option("complete"):
        return
    at = [(f.rule, workspace.span(f.at).start) for f in findings]
    for comment in comments:
        suppressed = {rule for rule, offset in at if comment.covers(rule, offset)}
        idle = tuple(name for name in comment.rules if name not in suppressed and name != _OWN_NAME)
        if idle or not (suppressed or comment.rules):
            yield _finding(comment, idle)


_OWN_NAME = "useless-suppression"


def _finding(comment: Suppression, idle: tuple[str, ...]) -> Finding:
    named = ", ".join(f"`{name}`" for name in idle) or "any rule"
    used = tuple(name for name in comment.rules if name not in idle)
    return Finding(
        at=comment.at,
        message=f"nothing here is reported by {named}",
        help="Delete what suppresses nothing.",
        fixes=(_without(comment, used),),
        unnecessary=True,
    )


def _without(comment: Suppression, used: tuple[str, ...]) -> Fix:
    if not used:
        return Fix("Delete the suppression", (Change(comment.line, ""),))
    return Fix("Keep only what is suppressed", (Change(comment.named, ", ".join(used)),))
