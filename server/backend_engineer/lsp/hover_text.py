"""Markdown for clients that show none."""

from __future__ import annotations

import re


def plain(markdown: str) -> str:
    """The text for a client that shows no markup."""
    text = re.sub(r"^```\w*\n|^```$", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"\1: \2", text)
    text = re.sub(r"^#+ ", "", text, flags=re.MULTILINE)
    return text.replace("**", "").replace("`", "")
