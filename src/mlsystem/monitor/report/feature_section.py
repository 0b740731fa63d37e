"""The features of the page, ranked: each with its verdict, a sentence, a chart of baseline against now, and small print."""

from collections.abc import Sequence

from mlsystem.monitor.report.charts import category_bars, histogram
from mlsystem.monitor.report.element import Child, Element, element, foreign
from mlsystem.monitor.report.evidence import FeatureEvidence
from mlsystem.monitor.report.feature_words import describe, how_far, small_print
from mlsystem.monitor.report.numerals import percent
from mlsystem.monitor.report.report import Feature
from mlsystem.monitor.verdicts import Verdict

CLASSES = {Verdict.DRIFTED: "drifted", Verdict.CANNOT_TELL: "unknown", Verdict.NOT_DRIFTED: "fine"}
_TOLD = 3  # categories, to those who cannot see the chart
_SHOWN_TIMES = 4.0  # the limit stands at a quarter of the meter


def feature_section(features: Sequence[Feature], not_compared: Sequence[str]) -> Element:
    """All features that were compared, the farthest off first."""
    items = [_item(place, feature) for place, feature in enumerate(features, start=1)]
    left_out = element("p", "Not compared, as the constraints have it: ", *_names(not_compared), ".", class_="note")
    return element(
        "section",
        element("h2", "Features, the farthest off first", id="features"),
        element("p", *_legend(), class_="legend"),
        element("ol", *items, class_="features"),
        *([left_out] if not_compared else []),
        aria_labelledby="features",
    )


def anchor(place: int) -> str:
    """The id of the feature at that place of the ranking, from 1; names of features may be anything."""
    return f"feature-{place}"


def badge(verdict: Verdict) -> Element:
    """A verdict as a coloured word."""
    return element("span", verdict.value, class_=f"badge {CLASSES[verdict]}")


def _legend() -> list[Child]:
    before, now = (element("span", class_=f"swatch {side}") for side in ("before", "now"))
    return ["The charts show how the values are spread: ", before, " in the baseline, ", now, " now."]


def _item(place: int, feature: Feature) -> Element:
    finding = feature.finding
    sentences = [element("p", *sentence) for sentence in describe(finding, feature.evidence)]
    words = [
        element("h3", foreign(finding.feature), " ", badge(finding.verdict)),
        *sentences,
        *_meter(feature),
        element("p", small_print(finding), class_="small"),
    ]
    chart = _chart(feature.evidence)
    return element(
        "li",
        element("div", *words, class_="words"),
        *([element("figure", chart)] if chart else []),
        id=anchor(place),
        class_=f"feature {CLASSES[finding.verdict]}",
    )


def _meter(feature: Feature) -> list[Element]:
    """How far it is, beside what is allowed; of a test in words alone, as its distance has no such scale."""
    finding = feature.finding
    if finding.exceedance is None:
        return []
    told = element("p", "Distance: ", how_far(finding), class_="far")
    if finding.p_value is not None:
        return [told]
    length = 200.0 * min(1.0, finding.exceedance / _SHOWN_TIMES)
    limit = f"{200.0 / _SHOWN_TIMES:.0f}"
    bar = element(
        "svg",
        element("rect", x="0", y="3", width="200", height="6", rx="3", class_="track"),
        element(
            "rect", x="0", y="3", width=f"{length:.1f}", height="6", rx="3", class_=f"fill {CLASSES[finding.verdict]}"
        ),
        element("line", x1=limit, y1="0", x2=limit, y2="12", class_="limit"),
        class_="meter",
        viewBox="0 0 200 12",
        role="img",
        aria_label=f"Distance {how_far(finding)}",
    )
    return [element("div", bar, told, class_="distance")]


def _chart(evidence: FeatureEvidence) -> Element | None:
    label = f"Baseline against now, {evidence.feature}"
    if evidence.numbers and evidence.numbers.bins:
        return histogram(evidence.numbers, f"{label}. {_in_numbers(evidence)}")
    if evidence.categories and evidence.categories.shares:
        shares = [
            f"{one.value}: {percent(one.before)} before, {percent(one.now)} now" for one in evidence.categories.shares
        ]
        return category_bars(evidence.categories, f"{label}. {'; '.join(shares[:_TOLD])}")
    return None


def _in_numbers(evidence: FeatureEvidence) -> str:
    """The middle values, for those who cannot see a histogram."""
    sides = (
        ("baseline", evidence.numbers and evidence.numbers.before),
        ("now", evidence.numbers and evidence.numbers.now),
    )
    return ", ".join(f"middle value {name}: {spread.middle:.4g}" for name, spread in sides if spread)


def _names(names: Sequence[str]) -> list[Child]:
    joined: list[Child] = []
    for name in names:
        joined += [", ", foreign(name)] if joined else [foreign(name)]
    return joined
