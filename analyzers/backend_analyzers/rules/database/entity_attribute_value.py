"""A table whose rows are the columns of another one.

With (entity, attribute, value) the database knows no types, no required values, no keys and no foreign
keys; reading one entity takes a join for each attribute, and statistics say nothing, since all values of
all attributes are in one column.  A `jsonb` column holds what varies from row to row better, and a column
holds what does not.

## Example

```sql
CREATE TABLE products (id bigint PRIMARY KEY);
CREATE TABLE product_attributes (
--           ^^^^^^^^^^^^^^^^^^ `product_attributes` holds any attribute of `products` as `value`
  product_id bigint NOT NULL REFERENCES products,
  attribute text NOT NULL,
  value text,
  PRIMARY KEY (product_id, attribute)
);
```

Use instead:

```sql
CREATE TABLE products (
  id bigint PRIMARY KEY,
  colour text,
  weight_grams int,
  more jsonb NOT NULL DEFAULT '{}'
);
```

## Not reported

Settings, preferences, translations, labels, tags and headers, which are pairs by nature; tables with
further columns of their own; values that are JSON; a name that leads to a table of allowed values alone;
tables with a comment that it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import Designed, designed
from backend_analyzers.facts.table_forms import form_of, table_forms
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.sql.schema import SchemaColumn
from backend_analyzers.workspace import Workspace

_TABLE = re.compile(
    r"attribute|attr(?:s)?\b|_attrs?(?:_|\Z)|propert|_?meta\Z|\bmeta_|eav|characteristic",
    re.IGNORECASE,
)
_PAIRS = re.compile(
    r"setting|preference|config|option|translat|i18n|locale|label|tag|header|cookie|cache|session|log"
    r"|audit|histor|version|environ|secret|variable|param|metric|stat|counter|flag",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:(?:attribute|attr|property|prop|meta|field)(?:_?(?:name|key|id|code|type))?|key|name)\Z",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?:(?:attribute|attr|property|prop|meta|field)_?)?(?:value|val)(?:_?(?:text|string|str|int|integer"
    r"|number|numeric|num|float|double|decimal|date|datetime|timestamp|time|bool|boolean|blob|long))?\Z",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"(?:id|uuid|created|updated|modified|deleted|created_at|updated_at|deleted_at|created_by|updated_by"
    r"|createdat|updatedat|position|sort|sort_order|lang|type)\Z",
    re.IGNORECASE,
)
_TEXT = re.compile(r"text|character|varchar|string|citext|longtext|mediumtext|tinytext|clob")


@workspace_rule(severity=Severity.HINT, confidence=Confidence.MEDIUM)
def entity_attribute_value(workspace: Workspace) -> Iterator[Finding]:
    forms = workspace.fact(table_forms)
    for one in workspace.fact(designed):
        form = form_of(forms, one.home, one.table)
        found = _values(one)
        if found is not None and (form is None or not form.denormalised):
            target, values = found
            named = ", ".join(f"`{value.name}`" for value in values)
            yield Finding(
                at=one.at,
                message=f"`{one.table.label}` holds any attribute of `{target}` as {named}",
                help=f"Give `{target}` a column for each attribute that is known, and one `jsonb` column for "
                "the others.",
                evidence={"columns": ", ".join(column.name for column in one.table.columns)},
            )


def _values(one: Designed) -> tuple[str, list[SchemaColumn]] | None:
    """The table that the attributes are of, and the columns with their values."""
    table = one.table
    if not _TABLE.search(table.name) or _PAIRS.search(table.name):
        return None
    owners = [key for key in table.foreign_keys if len(key.columns) == 1]
    keys = {name for key in owners for name in key.columns}
    names = [c for c in table.columns if _NAME.match(c.name)]
    values = [c for c in table.columns if _VALUE.match(c.name) and c.name not in keys]
    others = [
        column
        for column in table.columns
        if column not in names
        and column not in values
        and column.name not in keys
        and not _BESIDE.match(column.name)
    ]
    entities = [key for key in owners if key.columns[0] not in {c.name for c in names}]
    if not names or not values or others or len(entities) != 1:
        return None
    if len(values) == 1 and not _TEXT.match(values[0].type):
        return None
    return entities[0].target.removeprefix("public."), values
