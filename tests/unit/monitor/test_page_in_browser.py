"""The page in a real browser: everything is drawn, nothing runs, nothing is fetched, and it fits screens of any width."""

import html
import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mlsystem.monitor.command import run_command
from mlsystem.monitor.report_files import write_report

HOSTILE = "<img src=x onerror=top.attacked=1><script>top.attacked=1</script>"
LONG = "a_name_that_is_much_too_long_for_a_telephone_and_has_no_place_to_break_it_" * 3
# What the page looks like is asked from outside: it may run nothing itself.
WIDTHS = (320, 375, 800, 1100)
FRAMES = "".join(
    f'<iframe src="report.html" style="border:0;width:{width}px;height:900px"></iframe>' for width in WIDTHS
)
ASKING = f"""<!DOCTYPE html><title>asks</title>{FRAMES}<script>
const ask = (frame) => {{
  const page = frame.contentDocument, all = (css) => [...page.querySelectorAll(css)]
  return {{
    headings: all("h1, h2").map((one) => one.textContent),
    tops: all("header, section").map((one) => one.getBoundingClientRect().top),
    features: all(".feature h3 bdi").map((one) => one.textContent),
    charts: all("svg").map((one) => one.getBoundingClientRect()).map((box) => box.width * box.height),
    widths: [page.documentElement.scrollWidth, page.documentElement.clientWidth],
    marked: all("mark").map((one) => one.textContent),
    foreign: all("img, script, link").length,
    fetched: frame.contentWindow.performance.getEntriesByType("resource").length,
    attacked: window.attacked === 1,
    ink: getComputedStyle(page.body).color,
    paper: getComputedStyle(page.body).backgroundColor,
  }}
}}
addEventListener("load", () => {{
  const answers = JSON.stringify([...document.querySelectorAll("iframe")].map(ask))
  document.body.replaceChildren(Object.assign(document.createElement("pre"), {{ textContent: answers }}))
}})</script>"""


Looks = Mapping[int, Mapping[str, Any]]
"""What is seen, by width."""


class Browser:
    """Chromium, which is asked about the page that a folder holds."""

    def __init__(self, program: str, folder: Path, profile: Path, seen: "dict[tuple[str, ...], Looks]") -> None:
        self._command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={profile}"),
        ]
        self._folder = folder
        self._seen = seen

    def look(self, width: int, *options: str) -> Mapping[str, Any]:
        """How the page is laid out at that width; with the same options it is looked at once, at all widths."""
        if options not in self._seen:
            self._seen[options] = dict(zip(WIDTHS, self._ask(*options), strict=True))
        return self._seen[options][width]

    def _ask(self, *options: str) -> Sequence[Mapping[str, Any]]:
        (self._folder / "asks.html").write_text(ASKING)
        handler = partial(_Quiet, directory=str(self._folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            Thread(target=server.serve_forever).start()
            try:
                url = f"http://127.0.0.1:{server.server_port}/asks.html"
                dom = self._run(*options, "--window-size=1300,1000", "--virtual-time-budget=5000", "--dump-dom", url)
            finally:
                server.shutdown()
        (answers,) = re.findall(r"<pre>(.*)</pre>", dom)
        found: Sequence[Mapping[str, Any]] = json.loads(html.unescape(answers))
        return found

    def picture(self, path: Path) -> bytes:
        """The page from its file, as an image."""
        self._run("--window-size=1100,2400", f"--screenshot={path}", (self._folder / "report.html").as_uri())
        return path.read_bytes()

    def _run(self, *options: str) -> str:
        return subprocess.run(
            [*self._command, *options], capture_output=True, text=True, timeout=600, check=True
        ).stdout


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a check of hostile data, with unusual rows, in the folder of its schedule with an earlier run."""
    folder = tmp_path_factory.mktemp("page")
    for name, start, word in [("train", 0, "plain"), ("later", 400, HOSTILE)]:
        head = f'temp,"{HOSTILE}",{LONG}\n'
        rows = [f'{start + i},"{word if i % 2 else "other"}",{i % 2}\n' for i in range(1000)]
        (folder / f"{name}.csv").write_text(head + "".join(rows))
    run(["profile", str(folder / "train.csv"), "--output", str(folder / "baseline")])
    for hour in ("01", "02"):
        output = folder / "schedule" / "2026" / "11" / "24" / hour
        run(["check", str(folder / "later.csv"), "--baseline", str(folder / "baseline"), "--output", str(output)])
    evidence = json.loads((output / "report.json").read_text())
    cells = [{"feature_name": name, "value": HOSTILE, "share": 0.001} for name in ("temp", HOSTILE, LONG)]
    (output / "report.json").write_text(
        json.dumps(evidence | {"worst_rows": [{"row": 7, "score": 9.0, "cells": cells}]})
    )
    write_report(output)
    return output


def run(arguments: list[str]) -> None:
    code, text = run_command(arguments, lambda: datetime(2026, 11, 24, 2, 30, tzinfo=UTC))
    assert code == 0, text


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, ...], Looks]:
    return {}


@pytest.fixture
def browser(need_tool: Callable[[str], str], page: Path, tmp_path: Path, seen: dict[tuple[str, ...], Looks]) -> Browser:
    return Browser(need_tool("chromium"), page, tmp_path / "profile", seen)


def test_verdict_features_time_quality_and_rows_are_drawn_in_this_order(browser: Browser) -> None:
    seen = browser.look(1100)
    assert seen["headings"][0] == "The data have drifted: 2 of 3 features have moved farther than is allowed."
    assert seen["headings"][2:] == [
        "Features, the farthest off first",
        "Over time",
        "Quality of the data",
        "The most unusual rows",
    ]
    assert seen["tops"] == sorted(seen["tops"])
    assert seen["features"][0] == HOSTILE[:59] + "…"
    assert len(seen["charts"]) == 3 + 3 + 3
    assert min(seen["charts"]) > 500


def test_hostile_data_are_shown_and_do_nothing(browser: Browser) -> None:
    seen = browser.look(1100)
    assert seen["marked"] == [HOSTILE[:39] + "…"] * 3
    assert (seen["foreign"], seen["fetched"], seen["attacked"]) == (0, 0, False)


@pytest.mark.parametrize("width", [320, 375, 800])
def test_the_page_fits_a_narrow_screen(browser: Browser, width: int) -> None:
    scrolled, shown = browser.look(width)["widths"]
    assert scrolled <= shown == width


def test_light_and_dark_screens_get_their_colours(browser: Browser) -> None:
    light, dark = browser.look(800), browser.look(800, "--blink-settings=preferredColorScheme=0")
    assert (light["paper"], light["ink"]) == ("rgb(246, 247, 249)", "rgb(28, 36, 48)")
    assert (dark["paper"], dark["ink"]) == ("rgb(18, 22, 28)", "rgb(229, 233, 239)")


def test_the_file_alone_makes_a_picture(browser: Browser, tmp_path: Path) -> None:
    picture = browser.picture(tmp_path / "page.png")
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 50_000  # an empty page of that size takes a tenth of it
