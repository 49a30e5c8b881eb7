"""A rule that raises takes nobody else down, and is named in the log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RULE = '''"""A rule that raises.

## Example

```python
x = 1
```
"""

from collections.abc import Iterator

from backend_analyzers.{module} import {subject}
from backend_analyzers.rule import Confidence, Finding, Severity, {scope}_rule


@{scope}_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def broken_{scope}(subject: {subject}) -> Iterator[Finding]:
    raise ZeroDivisionError("a defect of ours")
'''

RUN = """
import sys
import backend_analyzers.rules.architecture as architecture
architecture.__path__.append(sys.argv[1])
from backend_analyzers.analyze import faults, review
from backend_analyzers.workspace import Workspace
workspace = Workspace.of({"a.py": "import requests\\nrequests.get('http://rates/usd')\\n"})
assert [f.rule for f in review(workspace, "a.py")] == ["missing-timeout"]
named = sorted({fault.rule for fault in faults(workspace)})
assert named == ["broken-file", "broken-unit", "broken-workspace"], named
assert all("a defect of ours" in fault.error for fault in faults(workspace))
"""


def test_the_other_rules_still_report(tmp_path: Path) -> None:
    for scope, module, subject in (
        ("unit", "flow.code", "Code"),
        ("file", "source", "File"),
        ("workspace", "workspace", "Workspace"),
    ):
        text = RULE.format(scope=scope, module=module, subject=subject)
        (tmp_path / f"broken_{scope}.py").write_text(text)

    result = subprocess.run(
        [sys.executable, "-I", "-c", RUN, tmp_path], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
