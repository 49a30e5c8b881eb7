"""A new rule is a new module and its fixture: nothing else names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RULE = '''"""A call of `legacy()`.

It goes away next year.

## Example

```python
legacy()
# <- `legacy()` is called
```
"""

from collections.abc import Iterator

from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.rule import Confidence, Finding, Severity, unit_rule


@unit_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def legacy_call(code: Code) -> Iterator[Finding]:
    for node in ir.walk(code.unit.node):
        if isinstance(node, ir.Call) and isinstance(node.function, ir.Name):
            if node.function.id == "legacy":
                yield Finding(code.place(node), "`legacy()` is called", "Call `modern()`.")
'''

FIXTURE = """# legacy-call

## In both languages

```python
x = legacy()
#   ^^^^^^^^ `legacy()` is called
```

```typescript
const x = legacy();
//        ^^^^^^^^ `legacy()` is called
```
"""

RUN = """
import sys
from pathlib import Path
import backend_analyzers.rules.architecture as architecture
folder = Path(sys.argv[1])
architecture.__path__.append(str(folder))
from backend_analyzers.catalog import RULES
from backend_analyzers.docs import page
from tests.fixture import annotate, as_text, cases, findings_of
assert RULES["legacy-call"].category == "architecture"
assert "goes away" in page(RULES["legacy-call"])
for text in ((folder / "legacy-call.md").read_text(), RULES["legacy-call"].doc):
    for case in cases(text):
        workspace = case.workspace
        found = findings_of(workspace, "legacy-call")
        assert found
        assert as_text(annotate(workspace, found)) == as_text(case.annotated)
"""


def test_a_rule_is_two_files(tmp_path: Path) -> None:
    (tmp_path / "legacy_call.py").write_text(RULE)
    (tmp_path / "legacy-call.md").write_text(FIXTURE)

    result = subprocess.run(
        [sys.executable, "-c", RUN, tmp_path],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
