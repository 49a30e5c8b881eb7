"""Which file of a workspace a module is, as Python, Node and bundlers look for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence


def module_path(path: str) -> str:
    """`app/orders/__init__.py` and `app/orders.py` are both `app/orders`."""
    return path.rpartition(".")[0].removesuffix("/__init__")


def python_file(
    paths: Collection[str], by_folder: Mapping[str, Sequence[str]], folder: str, module: str
) -> str | None:
    """The file of a Python module as written in a file of `folder`; `by_folder` groups files by module path."""
    if module.startswith("."):
        name = module.lstrip(".")
        parts = folder.split("/") if folder else []
        up = len(module) - len(name) - 1
        if up > len(parts):
            return None
        parts = parts[: len(parts) - up] + (name.split(".") if name else [])
        return _python_at(paths, "/".join(parts))
    tail = module.replace(".", "/")
    roots = [
        module_path(path)[: -len(tail)].rstrip("/")
        for path in by_folder.get(tail.rpartition("/")[2], ())
        if module_path(path) == tail or module_path(path).endswith("/" + tail)
    ]
    above = [root for root in roots if not root or f"{folder}/".startswith(f"{root}/")]
    if above:
        # A folder that is itself a package is seldom on the path that modules are sought on.
        best = max(above, key=lambda root: (f"{root}/__init__.py" not in paths, len(root)))
        return _python_at(paths, f"{best}/{tail}" if best else tail)
    elsewhere = [r for r in roots if "/" in tail or r.rpartition("/")[2] in _SOURCE_FOLDERS]
    if not elsewhere:
        return None
    best = max(elsewhere, key=lambda root: (_shared(root, folder), -len(root)))
    return _python_at(paths, f"{best}/{tail}")


_SOURCE_FOLDERS = frozenset({"src", "lib", "app", "backend", "server", "api", "python"})


def _python_at(paths: Collection[str], base: str) -> str | None:
    # A package wins over the file beside it, as it does when Python runs.
    options = (f"{base}/__init__.py", f"{base}.py", f"{base}.pyi") if base else ("__init__.py",)
    return next((path for path in options if path in paths), None)


def _shared(one: str, other: str) -> int:
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count


_SUFFIXES = ("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".d.ts")
_WRITTEN_AS = (
    (".js", ".ts"),
    (".js", ".tsx"),
    (".jsx", ".tsx"),
    (".mjs", ".mts"),
    (".cjs", ".cts"),
)
_ALIASES = ("@/", "~/", "#/", "@src/", "src/", "@app/", "app/")


def ecmascript_file(paths: Collection[str], folder: str, module: str) -> str | None:
    """The file of a relative or aliased module as written in a file of `folder`."""
    if module.startswith("."):
        base = _joined(folder, module)
        return _ecmascript_at(paths, base) if base is not None else None
    for alias in _ALIASES:
        if module.startswith(alias):
            rest = module[len(alias) :]
            for root in _upwards(folder):
                for below in ("src/", "", "app/"):
                    found = _ecmascript_at(paths, f"{root}{below}{rest}")
                    if found is not None:
                        return found
    return None


def _ecmascript_at(paths: Collection[str], base: str) -> str | None:
    for suffix in _SUFFIXES:
        if base + suffix in paths:
            return base + suffix
    for written, meant in _WRITTEN_AS:
        if base.endswith(written) and base.removesuffix(written) + meant in paths:
            return base.removesuffix(written) + meant
    inner = f"{base}/index" if base else "index"
    return next((inner + suffix for suffix in _SUFFIXES[1:] if inner + suffix in paths), None)


def _joined(folder: str, module: str) -> str | None:
    parts = folder.split("/") if folder else []
    for part in module.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield f"{folder}/"
        folder = folder.rpartition("/")[0]
    yield ""
