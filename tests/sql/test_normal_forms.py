"""Normal forms against their definitions, tried out by brute force on small tables."""

from itertools import combinations
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from backend_analyzers.sql.dependencies import (
    MOST_KEYS,
    Dependency,
    candidate_keys,
    canonical_cover,
    closure,
    minimal_cover,
    project,
)
from backend_analyzers.sql.normal_forms import (
    Fragment,
    analyse,
    decompose,
    is_lossless,
    lost_dependencies,
    synthesise,
)

Names = frozenset[str]
ALL = "abcdef"


@st.composite
def tables(draw: st.DrawFn) -> tuple[Names, tuple[Dependency, ...]]:
    """Up to six columns, and dependencies among them."""
    columns = ALL[: draw(st.integers(1, 6))]
    side = st.sets(st.sampled_from(columns), max_size=3)
    pairs = draw(st.lists(st.tuples(side, side), max_size=6))
    return frozenset(columns), tuple(Dependency.of(left, right) for left, right in pairs)


def subsets(columns: Names) -> list[Names]:
    return [
        frozenset(c)
        for size in range(len(columns) + 1)
        for c in combinations(sorted(columns), size)
    ]


def determined(columns: Names, dependencies: tuple[Dependency, ...]) -> Names:
    """The closure, by its definition."""
    known = set(columns)
    for _ in range(len(ALL) + 1):
        for one in dependencies:
            if set(one.left) <= known:
                known |= set(one.right)
    return frozenset(known)


def keys_of(columns: Names, dependencies: tuple[Dependency, ...]) -> set[Names]:
    keys: set[Names] = set()
    for candidate in subsets(columns):  # small ones first
        if columns <= determined(candidate, dependencies) and not any(k <= candidate for k in keys):
            keys.add(candidate)
    return keys


def form_of(columns: Names, dependencies: tuple[Dependency, ...]) -> str:
    """The normal form, by the definitions over all dependencies that follow."""
    keys = keys_of(columns, dependencies)
    prime = frozenset().union(*keys)
    form = "BCNF"
    for left in subsets(columns):
        right = (determined(left, dependencies) & columns) - left
        if not right or any(key <= left for key in keys):
            continue
        others = right - prime
        if others and any(left < key for key in keys):
            return "1NF"
        if others:
            form = "2NF"
        elif form == "BCNF":
            form = "3NF"
    return form


@given(tables())
def test_closure(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    for some in subsets(columns):
        assert closure(some, dependencies) == determined(some, dependencies)


@given(tables())
def test_candidate_keys(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    found = candidate_keys(columns, dependencies)
    assert found.complete
    assert {frozenset(key) for key in found.keys} == keys_of(columns, dependencies)


@given(tables())
def test_covers_say_the_same_and_no_more(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    cover = minimal_cover(dependencies)
    for some in subsets(columns):
        assert determined(some, cover) == determined(some, dependencies)
        assert determined(some, canonical_cover(dependencies)) == determined(some, dependencies)
    for one in cover:
        assert len(one.right) == 1 and not one.is_trivial
        rest = tuple(other for other in cover if other != one)
        assert not set(one.right) <= determined(frozenset(one.left), rest)
        for name in one.left:
            fewer = frozenset(one.left) - {name}
            assert not set(one.right) <= determined(fewer, cover)


@given(tables())
def test_the_form_and_what_violates_it(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    found = analyse(columns, dependencies)
    assert found.form == form_of(columns, dependencies)
    assert bool(found.violations) == (found.form != "BCNF")
    keys = keys_of(columns, dependencies)
    prime = frozenset().union(*keys)
    for one in (*found.partial, *found.transitive, *found.prime):
        assert set(one.right) <= determined(frozenset(one.left), dependencies)
        assert not any(key <= set(one.left) for key in keys)
        assert any(set(one.left) < key for key in keys) or one not in found.partial
        assert set(one.right) <= prime if one in found.prime else prime.isdisjoint(one.right)


@given(tables(), st.integers(1, 5))
def test_projection(table: tuple[Names, tuple[Dependency, ...]], size: int) -> None:
    columns, dependencies = table
    kept = frozenset(sorted(columns)[:size])
    projected = project(kept, dependencies)
    assert projected is not None
    for some in subsets(kept):
        assert determined(some, projected) == determined(some, dependencies) & kept


@given(tables())
def test_synthesis(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    found = synthesise(columns, dependencies)
    assert found.lossless and not found.lost
    assert {name for part in found.fragments for name in part.columns} == columns
    for part in found.fragments:
        inside = project(frozenset(part.columns), dependencies)
        assert inside is not None
        assert form_of(frozenset(part.columns), inside) in {"3NF", "BCNF"}
        assert set(part.columns) <= determined(frozenset(part.key), inside)


@given(tables())
def test_decomposition(table: tuple[Names, tuple[Dependency, ...]]) -> None:
    columns, dependencies = table
    found = decompose(columns, dependencies)
    assert found.lossless and found.exact
    assert {name for part in found.fragments for name in part.columns} == columns
    inside: tuple[Dependency, ...] = ()
    for part in found.fragments:
        own = project(frozenset(part.columns), dependencies)
        assert own is not None
        assert form_of(frozenset(part.columns), own) == "BCNF"
        assert frozenset(part.key) in keys_of(frozenset(part.columns), own)
        inside += own
    lost = {d for d in dependencies if not set(d.right) <= determined(frozenset(d.left), inside)}
    assert bool(found.lost) == bool(lost)


@given(tables(), st.data())
def test_the_join_of_two_is_lossless_exactly_when_what_they_share_is_a_key_of_one(
    table: tuple[Names, tuple[Dependency, ...]], data: st.DataObject
) -> None:
    columns, dependencies = table
    one = frozenset(data.draw(st.sets(st.sampled_from(sorted(columns)), min_size=1)))
    other = (columns - one) | frozenset(data.draw(st.sets(st.sampled_from(sorted(one)))))
    shared = determined(one & other, dependencies)
    parts = [Fragment(tuple(sorted(part)), ()) for part in (one, other)]
    assert is_lossless(columns, dependencies, parts) == (one <= shared or other <= shared)


@given(tables(), st.data())
def test_what_a_decomposition_loses(
    table: tuple[Names, tuple[Dependency, ...]], data: st.DataObject
) -> None:
    columns, dependencies = table
    side = st.sets(st.sampled_from(sorted(columns)), min_size=1)
    parts = [frozenset(p) for p in data.draw(st.lists(side, min_size=1, max_size=3))]
    inside = tuple(d for part in parts for d in (project(part, dependencies) or ()))
    lost = tuple(
        d for d in dependencies if not set(d.right) <= determined(frozenset(d.left), inside)
    )
    assert lost_dependencies(dependencies, [Fragment(tuple(p), ()) for p in parts]) == lost


def test_examples_of_the_textbooks() -> None:
    def on(*texts: str) -> list[Dependency]:
        sides = [text.split(" -> ") for text in texts]
        return [Dependency.of(left.split(), right.split()) for left, right in sides]

    works = frozenset({"ssn", "project", "hours", "name", "place"})
    rules = on("ssn project -> hours", "ssn -> name", "project -> place")
    found = analyse(works, rules)
    assert (found.form, [str(one) for one in found.violations]) == (
        "1NF",
        ["project -> place", "ssn -> name"],
    )
    assert {part.columns for part in synthesise(works, rules).fragments} == {
        ("hours", "project", "ssn"),
        ("name", "ssn"),
        ("place", "project"),
    }
    teaches = frozenset({"student", "course", "teacher"})
    rules = on("student course -> teacher", "teacher -> course")
    assert analyse(teaches, rules).form == "3NF"
    split = decompose(teaches, rules)
    assert {p.columns for p in split.fragments} == {("course", "teacher"), ("student", "teacher")}
    assert [str(one) for one in split.lost] == ["course, student -> teacher"]


def test_wide_tables_do_not_hang() -> None:
    columns = frozenset(f"c{n:03}" for n in range(200))
    pairs = [Dependency((f"c{n:03}",), (f"c{n + 1:03}",)) for n in range(199)]
    swaps = [Dependency((f"c{n:03}",), (f"c{n + 1:03}",)) for n in range(0, 200, 2)] + [
        Dependency((f"c{n + 1:03}",), (f"c{n:03}",)) for n in range(0, 200, 2)
    ]
    begun = monotonic()
    for rules in (pairs, swaps):
        analyse(columns, rules)
        assert synthesise(columns, rules).lossless
        assert decompose(columns, rules).lossless
    assert not candidate_keys(columns, swaps).complete
    assert len(candidate_keys(columns, swaps).keys) <= MOST_KEYS
    assert monotonic() - begun < 120
