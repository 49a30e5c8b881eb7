"""A part of a key that depends on something that is no key.

The table is in third normal form and not in that of Boyce and Codd: keys overlap, and what ties two of
their columns together is repeated in many rows.  Taking the table apart costs a constraint: that the
old key is unique can then only be seen in a join.  So it is a hint: a person has to weigh the two.

## Example

```sql
-- fd: teacher -> course
CREATE TABLE lessons (
  student text NOT NULL,
  course text NOT NULL,
--^^^^^^ `course` depends on `teacher`, which is no key of `lessons`
  teacher text NOT NULL,
--~~~~~~~ determines
  PRIMARY KEY (student, course)
);
```

Use instead:

```sql
CREATE TABLE teachers (
  teacher text PRIMARY KEY,
  course text NOT NULL
);
CREATE TABLE lessons (
  student text NOT NULL,
  teacher text NOT NULL REFERENCES teachers,
  PRIMARY KEY (student, teacher)
);
```

## Not reported

Tables with a comment that the repetition is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.misplaced import misplaced
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.HINT, confidence=Confidence.HIGH)
def non_bcnf_table(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(misplaced):
        if one.kind == "prime":
            determinant = one.designed.column_at(one.dependency.left[0])
            yield Finding(
                at=one.at,
                message=f"{one.columns} {one.verb} on {one.determinant}, which is no key of "
                f"`{one.designed.table.label}`",
                help=one.help,
                related=(Related(determinant, "determines"),),
                evidence=one.evidence,
                confidence=None if one.known.source == "comment" else Confidence.MEDIUM,
            )
