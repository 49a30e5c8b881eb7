"""What one file alone says about routes: routers, routes, mounts and guards, in order.

Receivers, children and guards are references (see `facts/modules.py`); what they denote is found
by `facts/routes.py`, which sees all files.  An object made inside a function is named after it:
`create_app/app`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.checks import Use
from backend_analyzers.source import File, Place


class Router(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An application or router that a file makes, or a parameter that seems to be one.

    `prefix` is a template (see `Step.paths`), None when unknown.  `sure` is false for a parameter
    that only its name and use make a router.
    """

    key: str
    kind: Literal["app", "router", "parameter"]
    framework: str
    place: Place
    prefix: str | None = ""
    uses: tuple[Use, ...] = ()
    known: bool = True
    hidden: bool = False
    sure: bool = True
    function: str = ""
    """Of a parameter: the function whose parameter it is,"""
    position: int = 0
    """and which one."""
    callee: str = ""
    """The class that it is made by, when only the workspace can say whether that is a router's."""


class Step(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One thing done to a router.

    - `route`: `target` handles `methods` (none: unknown) on `paths`, after `uses`;
    - `mount`: the routes of `target` are put below `paths`, after `uses`;
    - `guard`: `uses` run before the routes of the receiver (`reach`: of its whole application);
    - `use`: `uses` run, or are mounted if they are routers, below `paths`, from here on;
    - `apply`: the function `receiver` is called with `arguments`, some of which may be routers.

    A path may hold references between NUL characters, whose texts other files hold; None is an
    unknown path.  `known` says that `uses` is all there is.
    """

    kind: Literal["route", "mount", "guard", "use", "apply"]
    receiver: str
    place: Place
    paths: tuple[str | None, ...] = ("",)
    methods: tuple[str, ...] = ()
    target: Use | None = None
    uses: tuple[Use, ...] = ()
    known: bool = True
    hidden: bool = False
    reach: Literal["receiver", "app"] = "receiver"
    isolated: bool = False
    overrides: bool = False
    """The prefix of the mount replaces the one that the child was made with."""
    response: str = ""
    is_conditional: bool = False
    """Inside a branch: done in some configurations and not in others."""
    arguments: tuple[str, ...] = ()


class RouteDeclarations(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Everything about routing that one file says.

    `returns` leads from a function to the object it returns; `texts` holds the constants that paths
    of other files may be made of, by dotted name.
    """

    routers: tuple[Router, ...] = ()
    steps: tuple[Step, ...] = ()
    returns: dict[str, str] = {}
    texts: dict[str, str] = {}


@file_fact
def route_declarations(file: File) -> RouteDeclarations:
    """Everything about routing that one file says."""
    from backend_analyzers.facts.route_reader import unit_declarations  # noqa: PLC0415 - it needs these structs

    routers: list[Router] = []
    steps: list[Step] = []
    returns: dict[str, str] = {}
    texts: dict[str, str] = {}
    for unit in unit_declarations.each(file):
        routers.extend(unit.routers)
        steps.extend(unit.steps)
        returns.update(unit.returns)
        texts.update(unit.texts)
    return RouteDeclarations(tuple(routers), tuple(steps), returns, texts)
