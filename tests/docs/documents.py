"""The pages of this project, and what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shell_lines(page: Path) -> list[str]:
    """Commands of the page's bash blocks, without comments."""
    blocks = [body for language, body in FENCE.findall(page.read_text()) if language == "bash"]
    lines = [re.sub(r"\s+#.*$", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def spans(page: Path) -> list[str]:
    """What stands in backticks within the text."""
    return SPAN.findall(FENCE.sub("", page.read_text()))


def links(page: Path) -> list[str]:
    return [link for link in LINK.findall(FENCE.sub("", page.read_text())) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to headings."""
    titles = (title.lower().replace("`", "") for title in HEADING.findall(FENCE.sub("", page.read_text())))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """Every use of the program, as words: of bash blocks and of text."""
    for text in [*shell_lines(page), *spans(page)]:
        for use in re.findall(rf"(?:^|\(|\s){program}((?:\s+[^\s)\"']+)+)", text):
            yield use.split()
