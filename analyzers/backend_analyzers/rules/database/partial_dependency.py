"""Columns that depend on a part of the key.

The table is not in second normal form: what is known of one part of the key is repeated for every
value of the other part.  Changing it means changing all those rows, and once one was missed nobody
knows which is right.

What depends on what follows from declared keys, from comments (`fd: course -> teacher`), from names (a
table that repeats columns of the table a part of its key leads to; said to be a guess), and from a look
at the data when there is one.

## Example

```sql
-- fd: course_id -> teacher
CREATE TABLE enrolments (
  student_id bigint NOT NULL,
  course_id bigint NOT NULL,
--~~~~~~~~~ determines
  grade int,
  teacher text NOT NULL,
--^^^^^^^ `teacher` depends on `course_id`, a part of the key of `enrolments`
  PRIMARY KEY (student_id, course_id)
);
```

Use instead:

```sql
CREATE TABLE courses (
  course_id bigint PRIMARY KEY,
  teacher text NOT NULL
);
CREATE TABLE enrolments (
  student_id bigint NOT NULL,
  course_id bigint NOT NULL REFERENCES courses,
  grade int,
  PRIMARY KEY (student_id, course_id)
);
```

## Not reported

Columns that are part of a key themselves; tables with a comment that the repetition is meant; of what
only names suggest, what `transitive-dependency` leaves out too.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.misplaced import misplaced
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH)
def partial_dependency(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(misplaced):
        if one.kind == "partial":
            determinant = one.designed.column_at(one.dependency.left[0])
            yield Finding(
                at=one.at,
                message=f"{one.columns} {one.verb} on {one.determinant}, a part of the key of "
                f"`{one.designed.table.label}`",
                help=one.help,
                related=(Related(determinant, "determines"),),
                evidence=one.evidence,
                confidence=None if one.known.source == "comment" else Confidence.MEDIUM,
            )
