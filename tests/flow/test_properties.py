"""Whatever the text, the flow layer answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.loops import is_constant_loop, loops_around, varies
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.taint import is_request, taint
from tests.flow.reading import codes_of, file_of

PYTHON = """
import requests, httpx
from psycopg import connect
TABLE = "orders"
class Orders(Base):
    def __init__(self, pool: Pool):
        self.pool = pool
    async def go(self, ids: list[int], *rest, name="x", **options):
        q = f"SELECT {name} FROM {TABLE} WHERE id = %s" % ids
        for i, row in enumerate(ids):
            with connect("x", **options) as c, c.cursor() as d:
                d.execute(q + " AND {} = {x!r}".format(*rest, x=1), (i,))
            if name not in ("a", "b"):
                raise HTTPException(400, detail=str(row))
        return [await self.pool.fetch(f"SELECT * FROM t{x}") for x in ids if x]
q = q + q
"""
TYPESCRIPT = """
import axios from "axios";
const { Pool } = require("pg");
const pool = new Pool({ ...options, max: 1 });
export class Repo {
  constructor(private readonly pool: Pool) {}
  async all({ id, ...rest }, [a, b] = [1, 2]) {
    const rows = await Promise.all(ids.map(async (id) => this.pool.query(`SELECT ${id}`, [id])));
    for (const row of rows) { await axios({ url: `x${row}`, timeout: 0 }); }
    let q = "SELECT * FROM a"; q += " WHERE " + Object.keys(rest).join(" AND ");
    if (!["asc"].includes(id)) throw new Error(id);
    return sql`SELECT ${q}`;
  }
}
app.get("/", (req, res) => res.status(500).json({ error: `${req.query.x}` }));
"""


def answer_everything(code: Code) -> None:
    """Ask every question about every node of a unit."""
    for event in events(code):
        loops = loops_around(code, event.start)
        for loop in loops:
            is_constant_loop(code, loop)
            varies(code, loop.node, loop)
    for node in ir.walk(code.unit.node):
        if isinstance(node, ir.Expr):
            code.name_of(node)
            code.type_of(node)
            code.constant(node)
            text = code.text_of(node)
            code.origin_of(node)
            taint(code, node, is_request, parameters=True)
            code.enclosing(node)
            for part in text.parts if text is not None else ():
                assert 0 <= part.start <= part.end


@pytest.mark.parametrize(("path", "text"), [("app.py", PYTHON), ("app.ts", TYPESCRIPT)])
def test_every_question_has_an_answer(path: str, text: str) -> None:
    for code in codes_of(file_of(text, path)):
        answer_everything(code)


@settings(max_examples=60, deadline=None)
@given(
    which=st.sampled_from([("app.py", PYTHON), ("app.ts", TYPESCRIPT), ("app.js", TYPESCRIPT)]),
    cuts=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", "(", "}", '"', " = ", "é\n"])
        ),
        max_size=5,
    ),
)
def test_mutated_text_raises_nothing(
    which: tuple[str, str], cuts: list[tuple[float, int, str]]
) -> None:
    path, text = which
    for where, length, put in cuts:
        at = int(where * len(text))
        text = text[:at] + put + text[at + length :]
    for code in codes_of(file_of(text, path)):
        answer_everything(code)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 3000 + "1" + ")" * 3000,
        "q = " + " + ".join(["'a'"] * 3000) + "\nrun(q)",
        "def f():\n"
        + "\n".join(f"    a{n} = a{n - 1} + a{n - 1}" for n in range(1, 200))
        + "\n    run(a199)",
        "x = x\ny = z\nz = y\nx.get(y + z)",
        "class A(B): pass\nclass B(A):\n    def f(self): self.g.h()",
        "from __future__ import annotations\ndef f(a: 'a.b.c[', b: 'x | None'): a.get(b)",
    ],
)
def test_depth_and_cycles_are_bounded(text: str) -> None:
    for code in codes_of(file_of(text)):
        answer_everything(code)
