"""A person at a browser: Debian's Chromium, led by Playwright. What the browser complains of, and what axe finds, fails a test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.live import LiveEngine, eventually

# Pages have it from their beginning, and run it when it is asked for: to send it anew takes longer than many pages do.
AXE = f"window.loadAxe = () => {{ {Path(axe_playwright_python.__file__).with_name('axe.min.js').read_text()} }}"
RUN_AXE = "(window.axe || loadAxe(), axe.run(document, {resultTypes: ['violations']}).then(found => found.violations))"
DESKTOP, PHONE = (1280, 900), (390, 844)
SIZES = {"desktop": DESKTOP, "phone": PHONE}
SERIOUS = ("serious", "critical")
PATIENCE_MS = 30_000


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """The program at `path`, running. Nothing else of this process may run a loop meanwhile: Playwright's is not left."""
    with sync_playwright() as playwright:
        # Pictures are drawn by the processor anyway, and a process for the graphics that does it costs more.
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@contextmanager
def console_of(engine: LiveEngine) -> Iterator[str]:
    """A console of its own for an engine; its URL, without the slash at its end."""
    command = [sys.executable, "-c", "from mlsystem.cli.main import main; main()"]
    options = ["--home", str(engine.folder), "--json", "console", "--port", "0"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"]).rstrip("/")
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


class Person:
    """Who looks at pages of `base`. `size` is that of the window."""

    def __init__(self, browser: Browser, base: str, size: tuple[int, int] = DESKTOP, scheme: Any = "light"):
        self.base = base
        self.troubles: list[str] = []
        width, height = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.context.add_init_script(AXE)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(f"a script broke: {error}"))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.troubles.append(f"{kind}: {text}")

    def visit(self, path: str) -> Page:
        """A page by its path behind the console's root. AssertionError for any status but 200."""
        answer = self.page.goto(f"{self.base}{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status} {answer.text()[:2000]}"
        return self.page

    def check(self) -> None:
        """That the page is one for everybody: nothing is wrong in the browser, by axe, or too wide for the window."""
        assert self.troubles == []
        found = self.page.evaluate(RUN_AXE)
        serious = [
            f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']]}"
            for one in found
            if one["impact"] in SERIOUS
        ]
        assert serious == []
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} pixels wider than its window"

    def charts_drawn(self) -> None:
        """Wait until every chart of the page is."""
        drawn = (
            "[...document.querySelectorAll('script[data-chart]')].every("
            "one => document.getElementById(one.dataset.chart)?.dataset.drawn === 'yes')"
        )
        # The page's policy forbids what Playwright's own waiting would do there.
        eventually(lambda: self.page.evaluate(drawn))

    def text(self, selector: str = "main") -> str:
        """What is to be read there, on one line."""
        return re.sub(r"\s+", " ", self.page.inner_text(selector))

    def close(self) -> None:
        self.context.close()
