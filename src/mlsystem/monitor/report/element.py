"""HTML and SVG as a tree that escapes itself when it is rendered: names and values of a dataset are hostile input.

There is no way to put markup in as text. What could still do harm is refused: scripts, event handlers, and links that
lead out of the page.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

Child = Union["Element", str]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_REFUSED = {"script", "iframe", "object", "embed", "base"}
_VOID = {"meta"}
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # no document may hold these


@dataclass(frozen=True)
class Element:
    """One element; its text children and its attributes are plain text, not markup."""

    tag: str
    attributes: Mapping[str, str]
    children: tuple[Child, ...]

    def render(self) -> str:
        """The markup. Raises ValueError for an element or attribute that a page of data must not have."""
        if not _NAME.fullmatch(self.tag) or self.tag in _REFUSED:
            raise ValueError(f"<{self.tag}> has no place in this page")
        opening = f"<{self.tag}{''.join(_attribute(*item) for item in self.attributes.items())}>"
        if self.tag in _VOID:
            return opening
        if self.tag == "style":
            return f"{opening}{_style(self.children)}</style>"
        inner = "".join(escaped(child) if isinstance(child, str) else child.render() for child in self.children)
        return f"{opening}{inner}</{self.tag}>"


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """An element; `class_` stands for class, and `aria_label` for aria-label."""
    return Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}, children)


def escaped(text: str) -> str:
    """Plain text as markup that shows it; characters that no document may hold become the replacement character."""
    return html.escape(_UNSEEN.sub("\ufffd", text), quote=True)


def foreign(text: str, longest: int = 60) -> Element:
    """A name or a value that comes from the data: cut to a length that can be read, and of its own writing direction."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    if not shown.strip():
        return element("bdi", "(empty)" if not shown else "(blanks)", class_="foreign")
    return element("bdi", shown, class_="foreign")


def _attribute(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or name.lower().startswith("on") or name.lower() in ("src", "srcset", "srcdoc"):
        raise ValueError(f"the attribute {name} has no place in this page")
    if name.lower() == "href" and not value.startswith("#"):
        raise ValueError(f"{value} leads out of the page")
    return f' {name}="{escaped(value)}"'


def _style(children: tuple[Child, ...]) -> str:
    """Style sheets are not escaped, so they must be ours: nothing that could end one."""
    text = "".join(child for child in children if isinstance(child, str))
    if len(text) != sum(len(child) if isinstance(child, str) else -1 for child in children) or "<" in text:
        raise ValueError("a style sheet must be plain text without <")
    return text
