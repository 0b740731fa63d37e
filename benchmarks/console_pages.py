"""How long the console's server takes for each page of a system with a long past, against one with a short past.

    python benchmarks/console_pages.py [--small 100] [--large 10000] [--state FOLDER] [--rounds 9] [--depth 4] [--json]

The system is project/ in production, with the past that long_past.py gives it. Asked for are the sections, one of each kind of page, of
part and of download that they lead to, and what these lead to in turn, `--depth` steps from them; lists also far back. Each is asked for
from this machine, whole, one after the other, and of both systems in turn; counted is the median of looks at what was looked at before.
Aim: under 300 ms each, and at most 1.5 times its time with the short past; a download, whose size is its own, has no aim. FOLDER is the
data folder of a system that reached production, which is copied; without it one is made.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
from starlette.routing import compile_path

from benchmarks.long_past import decide, multiply
from mlsystem.console.navigation import GROUPS
from mlsystem.console.page import Action, Ask, Raw
from mlsystem.console.pages import ROUTES as PAGES
from mlsystem.console.visit import ROOT
from tests.browsing import console_of
from tests.finished import finished_folder, system_on_copy
from tests.live import LiveEngine
from tests.small_project import NAME

AIM_MS, AIM_RATIO = 300.0, 1.5
BASE = f"{ROOT}/{NAME}"
ROUTES = [(compile_path(one.path)[0], one.path) for one in PAGES if not isinstance(one, Action | Ask)]
DEPTH = 4
LINK = re.compile(rf'(?:href|hx-get)="({BASE}/[^"#]*|\?[^"#]+)')
DOWNLOADS = {one.path for one in PAGES if isinstance(one, Raw)}
# What is asked for in a URL's query, of which each value makes another page; states of a workflow are alike.
CHOICES = {"kind", "state"}
ALIKE = "/workflow"
OLDER = ("older", "page", "next", "token", "from")
RANGE = "range="
FAR_PAGES = 8


@contextmanager
def past_of(state: Path, executions: int, home: Path) -> Iterator[str]:
    """The URL of the console's host of a system with so long a past."""
    with system_on_copy(state, home, prepare=lambda: multiply(home / "state.db", executions)) as system:
        decide(system.engine.client("s3"), home / "state.db", _bucket(system.engine), NAME, executions)
        with console_of(system.engine) as url:
            yield url.removesuffix("/_console")


def measure(origins: Sequence[str], rounds: int, depth: int = DEPTH) -> list[dict[str, float]]:
    """Milliseconds by page, of each console."""
    reached = [_reached(origin, depth) for origin in origins]
    times: list[dict[str, list[float]]] = [{kind: [] for kind in paths} for paths in reached]
    for kind in dict.fromkeys(kind for paths in reached for kind in paths):
        for _ in range(rounds):
            for origin, paths, found in zip(origins, reached, times, strict=True):
                if kind in paths:
                    found[kind].append(_milliseconds(origin + paths[kind]))
    return [{kind: statistics.median(values) for kind, values in found.items()} for found in times]


def _bucket(engine: LiveEngine) -> str:
    """Of artefacts."""
    return str(engine.client("codepipeline").get_pipeline(name=NAME)["pipeline"]["artifactStore"]["location"])


def _reached(origin: str, steps: int) -> dict[str, str]:
    """A path for each kind of page. From the sections on every link counts, further on only those to other routes."""
    found = {path: f"{BASE}{path}" for _, group in GROUPS for _, path in group}
    routes, waiting = {_route(path) for path in found.values()}, list(found.values())
    for depth in range(steps):
        linked = [(_route(link), link) for path in waiting for link in _links(origin, path)]
        wanted = [link for route, link in linked if route and (not depth or route not in routes)]
        # Of a list what comes first, of ranges of time the longest, which is last.
        ordered = [
            *(link for link in reversed(wanted) if RANGE not in link),
            *(link for link in wanted if RANGE in link),
        ]
        new = {_kind(link): link for link in ordered if _kind(link) not in found}
        found |= new
        routes |= {_route(link) for link in new.values()}
        waiting = list(new.values())
    far = {f"{kind}, far back": _far(origin, path) for kind, path in found.items() if _older(path)}
    return dict(sorted({**found, **far}.items()))


def _links(origin: str, path: str) -> list[str]:
    found = (html.unescape(link) for link in LINK.findall(_read(origin + path)))
    return [path.partition("?")[0] + link if link.startswith("?") else link for link in found]


def _far(origin: str, path: str) -> str:
    """Some pages further in a list."""
    for _ in range(FAR_PAGES):
        same = [link for link in _links(origin, path) if _kind(link) == _kind(path) and _older(link) != _older(path)]
        if not same:
            break
        path = same[-1]
    return path


def _older(path: str) -> str:
    asked = dict(parse_qsl(urlsplit(path).query))
    return "".join(asked.get(name, "") for name in OLDER)


def _route(path: str) -> str:
    """Empty for what is no page of the project."""
    place = urlsplit(path).path.removeprefix(BASE)
    return next((template for pattern, template in ROUTES if pattern.fullmatch(place)), "")


def _kind(path: str) -> str:
    """Of a page, without which one it is."""
    asked = parse_qsl(urlsplit(path).query)
    place = urlsplit(path).path.removeprefix(BASE)
    told = CHOICES if not place.startswith(ALIKE) else ()
    query = sorted(f"{name}={value}" if name in told else name for name, value in asked)
    route = place if place.startswith("/dashboard/widgets/") else _route(path)
    return f"{route}?{'&'.join(query)}" if query else route


def _milliseconds(url: str) -> float:
    begun = time.perf_counter()
    _read(url)
    return (time.perf_counter() - begun) * 1000


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return str(answer.read().decode())


def faults(small: dict[str, float], large: dict[str, float]) -> list[str]:
    """What misses the aim."""
    return [
        f"{page}: {value:.0f} ms, with a short past {small.get(page, value):.0f} ms"
        for page, value in large.items()
        if page.partition("?")[0] not in DOWNLOADS and (value > AIM_MS or value > AIM_RATIO * small.get(page, value))
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--depth", type=int, default=DEPTH)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        state = given.state or finished_folder(scratch)
        with (
            past_of(state, given.small, scratch / "short") as short_past,
            past_of(state, given.large, scratch / "long") as long_past,
        ):
            small, large = measure((short_past, long_past), given.rounds, given.depth)
    missed = faults(small, large)
    if given.json:
        sys.stdout.write(json.dumps({"small": small, "large": large, "missed": missed}) + "\n")
        return 0
    sys.stdout.write(f"{'page':55} {given.small:>8,} {given.large:>8,} executions, ms\n")
    for page, value in large.items():
        before = small.get(page)
        ratio = f"{value / before:.2f} x" if before else ""
        sys.stdout.write(f"{page:55} {before or 0:8.1f} {value:8.1f}  {ratio}\n")
    sys.stdout.write("".join(f"misses the aim: {words}\n" for words in missed))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
