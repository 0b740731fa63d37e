"""The whole page: one file that needs nothing else, and that a browser is told to fetch nothing for."""

from mlsystem.monitor.report.element import Element, element
from mlsystem.monitor.report.feature_section import feature_section
from mlsystem.monitor.report.report import Report
from mlsystem.monitor.report.sections import quality_section, rows_section, time_section, verdict_section
from mlsystem.monitor.report.style import STYLE
from mlsystem.monitor.report.verdict_words import TITLES, moment, moment_words

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(report: Report) -> str:
    """The report as HTML."""
    features = report.ranked()
    body = element(
        "body",
        element(
            "main",
            verdict_section(report, features),
            feature_section(features, report.evidence.not_compared),
            time_section(features, report.history),
            quality_section(report.violations),
            rows_section(report.evidence),
        ),
        _footer(report),
    )
    return "<!DOCTYPE html>\n" + element("html", _head(report), body, lang="en").render() + "\n"


def _head(report: Report) -> Element:
    return element(
        "head",
        element("meta", charset="utf-8"),
        Element("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}, ()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{TITLES[report.findings.verdict]} - drift report"),
        element("style", STYLE),
    )


def _footer(report: Report) -> Element:
    created = moment(report.evidence.run.created)
    when = f"{moment_words(created)} {created.tzname() or ''}".strip() if created else report.evidence.run.created
    told = (
        f"Checked on {when}. What the methods mean and how sure they are: docs/drift.md. The figures of this page are in "
        "verdicts.json, report.json and constraint_violations.json beside it."
    )
    return element("footer", element("p", told, class_="small"))
