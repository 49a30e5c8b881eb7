"""Which calls are repeated, and by what."""

from __future__ import annotations

from backend_analyzers.flow.loops import is_constant_loop, loops_around, varies
from backend_analyzers.flow.meanings import events
from tests.flow.reading import codes_of, file_of


def loops(text: str, path: str = "app.py") -> list[str]:
    """For each query, its loops: the kind, whether the loop is constant, whether the query varies."""
    found = []
    for code in codes_of(file_of(text, path)):
        for event in events(code):
            site = next(one for one in code.calls() if one.call.start == event.start)
            around = [
                " ".join(
                    [
                        loop.kind,
                        *(["constant"] if is_constant_loop(code, loop) else []),
                        *(["varies"] if varies(code, site.call, loop) else []),
                        *(["concurrent"] if loop.is_concurrent else []),
                    ]
                )
                for loop in loops_around(code, event.start)
            ]
            found.append(", ".join(around))
    return found


def test_statements_comprehensions_and_helpers() -> None:
    found = loops("""
        def f(cursor, orders):
            cursor.execute("SELECT a FROM b")
            for order in orders:
                cursor.execute("SELECT a FROM b WHERE c = %s", (order.id,))
            for n in range(3):
                cursor.execute("SELECT a FROM b")
            while True:
                cursor.execute("SELECT a FROM b")
            for row in cursor.execute("SELECT a FROM b"):
                pass
            [cursor.execute("SELECT a FROM b WHERE c = %s", x) for x in orders]
            [x for x in cursor.execute("SELECT a FROM b")]
            for order in orders:
                def later():
                    cursor.execute("SELECT a FROM b")
        """)
    assert found == [
        *("", "each varies", "each constant", "while", "", "comprehension varies", "", ""),
    ]


def test_callbacks() -> None:
    found = loops(
        """
        async function f(orders) {
            for (const order of orders) {
                await db.transaction(async (tx) => {
                    await tx.query("SELECT a FROM b WHERE c = $1", [order.id]);
                });
            }
            await Promise.all(orders.map(async (o) => db.query("SELECT a FROM b", [o])));
            orders.forEach((o) => { db.query("SELECT a FROM b", [o]); });
            ["a", "b"].forEach((o) => { db.query("SELECT a FROM b", [o]); });
            db.query("SELECT a FROM b").then((rows) => db.query("SELECT c FROM d"));
        }
        """,
        "app.ts",
    )
    assert found == [
        "each varies",
        "callback varies concurrent",
        "callback varies",
        "callback constant varies",
        "",
        "",
    ]
