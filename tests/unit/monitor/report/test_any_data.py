"""Whatever the data are, there is a page: whole, of our own elements only, and its evidence comes back from its file."""

import json
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.jackson import write
from mlsystem.monitor.report.evidence_document import evidence_document, parse_evidence
from mlsystem.monitor.report.page import page
from mlsystem.monitor.report.report import Report
from tests.unit.monitor.report.made import evidence, finding, findings, numbers, words

OURS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "section",
        "footer",
        "h1",
        "h2",
        "h3",
        "p",
        "div",
    ),
    *("ul", "ol", "li", "dl", "dt", "dd", "a", "span", "bdi", "small", "mark", "figure"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "path", "polyline", "circle", "text"),
}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["</style><script>", "'\"><img src=x>", "&amp;", "\x00"]
)
FLOATS = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60)
COUNTS = st.dictionaries(TEXTS, st.integers(1, 10**9), min_size=1, max_size=30)


class Outline(HTMLParser):
    """Which elements a page has, and whether each is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.is_whole = True
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.is_whole = self.is_whole and not self._open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.is_whole = self.is_whole and bool(self._open) and self._open.pop() == tag


@settings(max_examples=60, deadline=None)
@given(name=TEXTS, before=FLOATS, now=FLOATS)
def test_any_numbers_make_a_page(name: str, before: list[float], now: list[float]) -> None:
    found = evidence((numbers(name, before), numbers(name, now)))
    outline = Outline(page(Report(findings(finding(name)), found)))
    assert outline.is_whole
    assert outline.tags <= OURS
    assert parse_evidence(json.loads(write(evidence_document(found)))) == found


@settings(max_examples=60, deadline=None)
@given(name=TEXTS, before=COUNTS, now=COUNTS, missing=st.integers(0, 100))
def test_any_categories_make_a_page(name: str, before: dict[str, int], now: dict[str, int], missing: int) -> None:
    found = evidence((words(name, before), words(name, now, rows=sum(now.values()) + missing)))
    outline = Outline(page(Report(findings(finding(name)), found)))
    assert outline.is_whole
    assert outline.tags <= OURS
    assert parse_evidence(json.loads(write(evidence_document(found)))) == found
