"""Pictures of the console for the README and the pages of docs/, made by the tests that look at it when they are asked to.

    make pictures

They go to the folder that MLSYSTEM_PICTURES names; without it nothing is written.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

FOLDER_VARIABLE = "MLSYSTEM_PICTURES"
COLOURS = 128
FRAME_MS, LAST_FRAME_MS = 450, 2500
MOST_HEIGHT = 860  # of a film: what is seen without scrolling


def folder() -> Path | None:
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else None


def take(page: Page, name: str, whole: bool = False) -> None:
    """What the window shows, or the whole page."""
    place = folder()
    if place is not None:
        _write(place / f"{name}.png", [_image(page.screenshot(full_page=whole))])


class Film:
    """Pictures of a part of a page, one after the other."""

    def __init__(self, page: Page, selector: str):
        self._page = page
        self._selector = selector
        self._frames: list[Image.Image] = []

    def take(self) -> None:
        if folder() is not None:
            self._frames.append(_image(self._page.locator(self._selector).first.screenshot()))

    def write(self, name: str) -> None:
        place = folder()
        if place is not None and self._frames:
            _write(place / f"{name}.gif", self._same_size())

    def _same_size(self) -> list[Image.Image]:
        """Parts of a page grow: the smaller ones get room below."""
        width, height = (max(one.size[at] for one in self._frames) for at in (0, 1))
        height = min(height, MOST_HEIGHT)
        padded = []
        for one in self._frames:
            frame = Image.new("RGB", (width, height), one.getpixel((0, one.height - 1)))
            frame.paste(one, (0, 0))
            padded.append(frame)
        return padded


def _image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _write(path: Path, frames: Sequence[Image.Image]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = [one.quantize(COLOURS, dither=Image.Dither.NONE) for one in frames]
    if len(small) == 1:
        small[0].save(path, optimize=True)
        return
    lasts = [FRAME_MS] * (len(small) - 1) + [LAST_FRAME_MS]
    small[0].save(path, save_all=True, append_images=small[1:], duration=lasts, loop=0, optimize=True)
