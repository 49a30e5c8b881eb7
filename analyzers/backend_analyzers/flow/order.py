"""Whether one place of a function can run after another."""

from __future__ import annotations

from backend_analyzers.flow.blocks import Block, Outline


def may_follow(outline: Outline, first: Block, later: Block) -> bool:
    """Whether `later`, which stands further down, may run after `first` in one run of the function.

    Not when both are arms of one choice, nor when the first leaves the function at its end, nor when the
    first is a handler: what is below a handler usually runs when nothing failed.
    """
    around: set[int] = set()
    block = later
    while block.number:
        around.add(block.number)
        block = outline.blocks[block.parent]
    choices = {outline.blocks[number].choice for number in around} - {0}
    block = first
    while block.number and block.number not in around:
        if block.exits or block.kind == "handler" or block.choice in choices:
            return False
        block = outline.blocks[block.parent]
    return True
