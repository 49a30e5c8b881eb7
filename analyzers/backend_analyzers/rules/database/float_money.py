"""An amount of money in a binary floating-point column.

`0.1 + 0.2` is not `0.3` there: sums drift from what was charged, comparisons with `=` fail, and two ways
to add up the same rows give different totals.

## Example

```sql
CREATE TABLE products (
  id bigint PRIMARY KEY,
  price double precision NOT NULL
--^^^^^ `products.price` is money in double precision
);
```

Use instead:

```sql
CREATE TABLE products (
  id bigint PRIMARY KEY,
  price numeric(12, 2) NOT NULL
);
```

## Not reported

Rates, ratios, percentages, averages, predictions and other numbers about money that are no amounts;
prices of markets over time, and costs of runs and queries (beside tokens or durations), which are measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.designed import designed
from backend_analyzers.rule import Confidence, Finding, Severity, workspace_rule
from backend_analyzers.workspace import Workspace

_FLOATS = frozenset({"double precision", "real", "float", "double"})
_MONEY = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:price|cost|fee|balance|salary|wage|payment|subtotal|refund|revenue|budget|deposit"
    r"|payout|charge|discount_amount|tax_amount|total_amount|amount_(?:due|paid)|shipping_(?:cost|fee)"
    r"|money|invoice_total|order_total|grand_total|spend|credit_limit)s?(?:_(?:usd|eur|gbp|net|gross|total|amount"
    r"|paid|due|per_\w+))?\Z",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"pct|percent|ratio|rate|factor|weight|score|index|volatil|estimat|predict|forecast|avg|average|mean|median"
    r"|min|max|multipl|threshold|probab|normal|relative|elapsed|query|plan|comput|distance|energy|load"
    r"|open|close|high|low|bid|ask|last|change|delta|std|variance|token|llm|model",
    re.IGNORECASE,
)
_USED = re.compile(
    r"tokens?(?:_|\Z)|latency|duration|(?:input|output|prompt|completion)_cost", re.IGNORECASE
)
"""Columns beside which a cost is what a run took, by estimate."""
_MEASURED = re.compile(
    r"candle|ohlc|tick|quote|market|stock|histor|forecast|predict|metric|stat|benchmark|telemetry|usage|trace|span\b|spans\b|(?:^|_)runs?\b",
    re.IGNORECASE,
)


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.MEDIUM)
def float_money(workspace: Workspace) -> Iterator[Finding]:
    for one in workspace.fact(designed):
        beside = any(_USED.search(column.name) for column in one.table.columns)
        if beside or _MEASURED.search(one.table.name):
            continue
        for column in one.table.columns:
            kind = column.type.partition("(")[0].strip()
            if kind in _FLOATS and _MONEY.search(column.name) and not _NUMBERS.search(column.name):
                yield Finding(
                    at=one.column_at(column.name),
                    message=f"`{one.table.label}.{column.name}` is money in {kind}",
                    help="Use `numeric`, or an integer of the smallest unit.",
                    evidence={"type": column.type},
                )
