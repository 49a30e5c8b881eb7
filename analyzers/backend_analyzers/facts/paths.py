"""What the path of a file says of its purpose."""

from __future__ import annotations

import re

_TEST_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "testing",
        "__tests__",
        "__mocks__",
        "spec",
        "specs",
        "e2e",
        "fixtures",
        "testdata",
        "test-data",
        "test_data",
        "cypress",
        "playwright",
        "benchmarks",
    }
)
_TEST_FILE = re.compile(
    r"^(?:test_.*\.pyi?|.*_tests?\.py|conftest\.py|.*[.-](?:test|spec|e2e|stories)\.(?:[cm]?[jt]sx?|sql))$"
)
_NUMBER = re.compile(r"(\d+)")


def is_test(path: str) -> bool:
    """Whether a file serves to test others, and is never deployed."""
    *folders, name = path.split("/")
    return bool(_TEST_FILE.match(name)) or any(f.lower() in _TEST_FOLDERS for f in folders)


_STEPS = frozenset({"migrate", "versions", "alembic", "updates", "upgrades", "deltas", "patches"})


def is_migration(path: str) -> bool:
    """Whether a file is a step from one schema to the next, whose queries see the schema of their time."""
    folders = [part.lower() for part in path.split("/")[:-1]]
    return any(part in _STEPS or "migration" in part for part in folders)


def natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that counts `9_users.sql` before `10_orders.sql`, as migration tools do."""
    return tuple(
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for part in _NUMBER.split(path)
        if part
    )


def folder(path: str) -> str:
    """The folder of a file, empty at the root."""
    return path.rpartition("/")[0]


_TOOL_FOLDERS = frozenset(
    {
        *("scripts", "script", "bin", "cli", "extra", "release", "tools", "tooling", "build"),
        *("migrations", "migration", "alembic", "seeds", "seed", "seeders", "seeding"),
        *("management", "devtools", "dev", "ci", ".github", "hack", "docs", "doc", "examples"),
        *("example", "samples", "sample", "demo", "demos", "notebooks"),
        *("maintenance", "upgrades", "benches", "benchmark", "perf"),
    }
)
_TOOL_FILE = re.compile(
    r"^(?:setup|manage|noxfile|tasks|fabfile|conf|seed\w*|seeds?|migrate\w*|cli|__main__"
    r"|(?:random|fake|sample|demo|dummy)_data|populate(?:_\w+)?"
    r"|(?:gulp|grunt|rollup|webpack|vite|vitest|jest|karma|babel|esbuild|tsup|eslint|tailwind|postcss"
    r"|next|nuxt|playwright|cypress|knexfile|ormconfig|build|release|deploy|seed\w*|migrat\w*)"
    r"(?:[.-][\w.-]+)?)\.(?:py|[cm]?[jt]sx?)$",
    re.IGNORECASE,
)
_FRONTEND_FOLDERS = frozenset(
    {
        *("frontend", "client", "ui", "webapp", "web-app", "www", "public", "static", "assets"),
        *("components", "webui", "web-ui", "browser", "website", "js"),
        *("front", "admin-ui", "ui-v2", "composables", "widgets"),
    }
)


def is_tool(path: str) -> bool:
    """Whether a file is run by hand or once: a script, a command, a migration, a seed, a build."""
    *folders, name = path.split("/")
    is_once = "migrat" in path.lower() or bool(_TOOL_FILE.match(name))
    return is_once or any(f.lower() in _TOOL_FOLDERS for f in folders)


def is_frontend(path: str) -> bool:
    """Whether the path says that a file runs in a browser."""
    *folders, name = path.split("/")
    is_view = name.endswith((".jsx", ".tsx")) or bool(_REACT_HOOK.match(name))
    return is_view or any(f.lower() in _FRONTEND_FOLDERS for f in folders)


_REACT_HOOK = re.compile(r"^use[A-Z]\w*\.[jt]s$")
