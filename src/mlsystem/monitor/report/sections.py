"""The sections of the page but for the features: verdict, over time, quality of the data, the most unusual rows."""

from collections.abc import Sequence

from mlsystem.monitor import texts
from mlsystem.monitor.report.element import Child, Element, element, foreign
from mlsystem.monitor.report.evidence import Evidence
from mlsystem.monitor.report.feature_section import CLASSES, anchor, badge
from mlsystem.monitor.report.history import History, Point, by_feature
from mlsystem.monitor.report.numerals import count, one_in
from mlsystem.monitor.report.quality_words import in_words
from mlsystem.monitor.report.report import Feature, Report
from mlsystem.monitor.report.timeline import timeline
from mlsystem.monitor.report.verdict_words import MEANINGS, STEPS, basis, doubts, headline
from mlsystem.monitor.unusual_rows import Cell, UnusualRow
from mlsystem.monitor.verdicts import Verdict
from mlsystem.monitor.violations import Violation

_ABOUT_COLUMNS = (texts.MISSING_COLUMN_CHECK, texts.EXTRA_COLUMN_CHECK)


def verdict_section(report: Report, features: Sequence[Feature]) -> Element:
    """The verdict in one sentence, what it rests on and means, what to do, and which features it is about."""
    verdict, doubt = report.findings.verdict, doubts(report.findings)
    steps = [element("li", step) for step in STEPS[verdict]]
    return element(
        "header",
        element("p", "Drift report", *_of_what(report), class_="kicker"),
        element("h1", headline(report.findings), "."),
        element("p", basis(report.evidence), *([" ", doubt] if doubt else []), class_="lead"),
        element("p", MEANINGS[verdict]),
        element("h2", "What to do"),
        element("ul", *steps),
        *_overview(features),
        class_=f"verdict {CLASSES[verdict]}",
    )


def _of_what(report: Report) -> list[Child]:
    run = report.evidence.run
    named = [name for name in (run.endpoint, run.schedule) if name]
    return [child for name in dict.fromkeys(named) for child in (" · ", foreign(name))]


def _overview(features: Sequence[Feature]) -> list[Element]:
    """The features by verdict, each as a link to its place."""
    lines = []
    for verdict in CLASSES:
        links = [
            element("a", foreign(feature.finding.feature, 40), href=f"#{anchor(place)}")
            for place, feature in enumerate(features, start=1)
            if feature.finding.verdict is verdict
        ]
        if links:
            lines.append(element("div", element("dt", badge(verdict)), element("dd", *_spaced(links))))
    return [element("dl", *lines, class_="overview")] if lines else []


def _spaced(items: Sequence[Element]) -> list[Child]:
    return [child for item in items for child in (item, " ")]


def time_section(features: Sequence[Feature], history: History) -> Element:
    """For each feature the line of its distances; with one run there is nothing to compare yet."""
    notes = [
        element("p", "Not readable, so not shown: ", foreign(text, 300), ".", class_="note")
        for text in history.unreadable
    ]
    if history.left_out:
        notes.append(element("p", f"{count(history.left_out, 'older run')} not shown.", class_="note"))
    if len(history.runs) < 2:
        body = [
            element(
                "p",
                "There is only one run yet. Once there are more, this shows how each feature moved from run to run.",
            )
        ]
    else:
        points = by_feature(history, [feature.finding.feature for feature in features])
        told = f"{count(len(history.runs), 'run')}. The dashed line is what is allowed; a cross is a run that could not tell."
        lines = [_line(feature.finding.feature, points[feature.finding.feature]) for feature in features]
        body = [element("p", told), element("ul", *[line for line in lines if line], class_="times")]
    return element("section", element("h2", "Over time", id="time"), *body, *notes, aria_labelledby="time")


def _line(name: str, points: Sequence[Point]) -> Element | None:
    if not points:
        return None
    drifted = sum(point.finding.verdict is Verdict.DRIFTED for point in points)
    told = f"drifted in {drifted} of {count(len(points), 'run')}"
    label = f"Distance over time, {name}: {told}"
    return element("li", element("h3", foreign(name)), element("p", told, class_="small"), timeline(points, label))


def quality_section(violations: Sequence[Violation]) -> Element:
    """What is wrong with the data besides drift."""
    found = [violation for violation in violations if violation.check_type != texts.BASELINE_DRIFT_CHECK]
    rows = [
        element("tr", element("th", _subject(violation), scope="row"), element("td", *in_words(violation)))
        for violation in found
    ]
    head = element("tr", element("th", "Feature", scope="col"), element("th", "What was found", scope="col"))
    table = element("table", element("thead", head), element("tbody", *rows))
    fine = element("p", "Nothing was found: no gaps, types, columns or values that the baseline would not allow.")
    body = _scrolling(table, "quality") if found else fine
    return element("section", element("h2", "Quality of the data", id="quality"), body, aria_labelledby="quality")


def _subject(violation: Violation) -> Child:
    return "The columns" if violation.check_type in _ABOUT_COLUMNS else foreign(violation.feature_name)


def rows_section(evidence: Evidence) -> Element:
    """The most unusual rows, with the cells that make them so."""
    rows = evidence.worst_rows
    heading = element("h2", "The most unusual rows", id="rows")
    if not rows:
        told = (
            "This check did not look for them." if rows is None else "No row has a value that is rare in the baseline."
        )
        return element("section", heading, element("p", told), aria_labelledby="rows")
    told = "Marked are the values that are rare in the baseline, with how many of its rows are as unusual. Rows are counted from 1."
    if evidence.rows_searched < evidence.rows_now:
        told += f" They are the most unusual of {evidence.rows_searched:,} rows that are spread evenly over all {evidence.rows_now:,}."
    columns = list(dict.fromkeys(cell.feature for row in rows for cell in row.cells))
    names = [element("th", foreign(name), scope="col") for name in columns]
    head = element("tr", element("th", "Row", scope="col"), *names)
    body = [element("tr", element("th", f"{row.row}", scope="row"), *_cells(row, columns)) for row in rows]
    table = element("table", element("thead", head), element("tbody", *body), class_="rows")
    return element("section", heading, element("p", told), _scrolling(table, "rows"), aria_labelledby="rows")


def _cells(row: UnusualRow, columns: Sequence[str]) -> list[Element]:
    by_column = {cell.feature: cell for cell in row.cells}
    return [_cell(by_column[name]) if name in by_column else element("td") for name in columns]


def _cell(cell: Cell) -> Element:
    shown = element("span", "missing", class_="missing") if cell.text is None else foreign(cell.text, 40)
    if cell.share is None:
        return element("td", shown)
    return element("td", element("mark", shown), element("small", one_in(cell.share)), class_="marked")


def _scrolling(table: Element, labelled_by: str) -> Element:
    """A wide table scrolls by itself, by keyboard too, and leaves the page where it is."""
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_labelledby=labelled_by)
