"""A feature in plain words: where its values were and where they are now, which categories came and went, what is missing.

The sentences are lists of text and of what comes from the data, so that a hostile value stays a value.
"""

from collections.abc import Callable, Iterator, Sequence

from mlsystem.monitor.report.category_shares import Appearance, CategoryShare, CategoryShares
from mlsystem.monitor.report.element import Child, foreign
from mlsystem.monitor.report.evidence import FeatureEvidence
from mlsystem.monitor.report.findings import Finding
from mlsystem.monitor.report.number_shares import Bin, NumberShares, Spread
from mlsystem.monitor.report.numerals import grouped, numeral, percent, times
from mlsystem.monitor.verdicts import Verdict

_NOTABLE = 0.01  # a share that changed by less is not worth a word
_NAMED = 3
_HARDLY_EVER = 0.001


def describe(finding: Finding, evidence: FeatureEvidence) -> list[list[Child]]:
    """The sentences on a feature, the most important first."""
    sentences: list[list[Child]] = []
    if finding.verdict is Verdict.CANNOT_TELL:
        sentences.append([f"Nobody can tell: {finding.reason}."])
    if evidence.numbers:
        sentences += _of_numbers(evidence.numbers)
    if evidence.categories:
        sentences += _of_categories(evidence.categories)
    return [*sentences, *_of_missing(evidence)]


def small_print(finding: Finding) -> str:
    """Method, distance and limit, for those who want to know."""
    if not finding.values_before and not finding.values_now:
        return "Nothing was compared."
    values = f"{grouped(finding.values_before)} values in the baseline, {grouped(finding.values_now)} now"
    if finding.distance is None or finding.limit is None:
        return f"{f'{finding.method}; ' if finding.method else ''}{values}"
    test = "" if finding.p_value is None else f" (1 less the p-value of {finding.p_value:.3g})"
    return f"{finding.method}: distance {finding.distance:.4g}{test}, limit {finding.limit:.4g}; {values}"


def how_far(finding: Finding) -> str:
    """The distance beside what is allowed, in a few words."""
    if finding.exceedance is None:
        return "not measured"
    if finding.p_value is not None:
        if finding.p_value < _HARDLY_EVER:
            return "chance hardly ever gives as much"
        return f"chance gives as much in {percent(finding.p_value)} of samples"
    return f"{times(finding.exceedance)} what is allowed" if finding.exceedance else "none"


def _of_numbers(numbers: NumberShares) -> Iterator[list[Child]]:
    if numbers.are_alone:
        spread = numbers.bins[-1].lower - numbers.bins[0].lower if numbers.bins else 0.0
        yield from _of_shares([CategoryShare(numeral(b.lower, spread), b.before, b.now) for b in numbers.bins], str)
    elif numbers.before and numbers.now:
        yield from _of_spreads(numbers, numbers.before, numbers.now)
    elif numbers.before:
        where = _where(numbers.before, numbers.before.high - numbers.before.low)
        yield [f"It was usually {where}; now there is no number."]


def _of_spreads(numbers: NumberShares, before: Spread, now: Spread) -> Iterator[list[Child]]:
    width = max(before.high - before.low, now.high - now.low)
    was, is_now = _where(before, width), _where(now, width)
    if was != is_now:
        yield [f"Usually {was} (eight in ten values); now {is_now}."]
        yield from _beyond(before, now, width)
        return
    yield [f"Eight in ten values lie {was}, as they did."]
    most = max(numbers.bins, key=lambda one: abs(one.now - one.before))
    if abs(most.now - most.before) >= 2.0 * _NOTABLE:
        yield [f"{_place_of(most, numbers)}: {percent(most.before)} of the values before, {percent(most.now)} now."]


def _beyond(before: Spread, now: Spread, width: float) -> Iterator[list[Child]]:
    """If hardly any value is where it was."""
    if now.low > before.greatest:
        yield [f"Nine in ten values are above the greatest of the baseline ({numeral(before.greatest, width)})."]
    elif now.high < before.least:
        yield [f"Nine in ten values are below the least of the baseline ({numeral(before.least, width)})."]


def _where(spread: Spread, width: float) -> str:
    """Where eight in ten values lie, with the digits that matter in a range of that width."""
    low, high = numeral(spread.low, width), numeral(spread.high, width)
    return f"at {low}" if low == high else f"between {low} and {high}"


def _place_of(one: Bin, numbers: NumberShares) -> str:
    width = numbers.bins[1].upper - numbers.bins[1].lower if len(numbers.bins) > 2 else 0.0
    if one == numbers.bins[0]:
        return f"Below {numeral(one.upper, width)}"
    if one == numbers.bins[-1]:
        return f"From {numeral(one.lower, width)} up"
    return f"From {numeral(one.lower, width)} to under {numeral(one.upper, width)}"


def _of_categories(categories: CategoryShares) -> Iterator[list[Child]]:
    yield from _of_shares(categories.shares, foreign)
    yield from _of_appearance(categories.new, "New, not in the baseline", "of the values now")
    yield from _of_appearance(categories.gone, "Not seen now", "of the values before")


def _of_shares(shares: Sequence[CategoryShare], shown: Callable[[str], Child]) -> Iterator[list[Child]]:
    if not any(share.now for share in shares):
        most = sorted(shares, key=lambda share: -share.before)[:_NAMED]
        if most:
            yield ["In the baseline the most frequent were ", *_listed([shown(one.value) for one in most]), "."]
        return
    gained, lost = max(shares, key=lambda share: share.gain), min(shares, key=lambda share: share.gain)
    if gained.gain < _NOTABLE and -lost.gain < _NOTABLE:
        yield ["Every value is about as frequent as it was."]
    if gained.gain >= _NOTABLE:
        yield [
            shown(gained.value),
            f" gained most: {percent(gained.before)} of the values before, {percent(gained.now)} now.",
        ]
    if -lost.gain >= _NOTABLE:
        yield [shown(lost.value), f" lost most: {percent(lost.before)} of the values before, {percent(lost.now)} now."]


def _of_appearance(appearance: Appearance, head: str, tail: str) -> Iterator[list[Child]]:
    if not appearance.count:
        return
    named = [foreign(value) for value in appearance.values[:_NAMED]]
    rest = appearance.count - len(named)
    more: list[Child] = [f" and {grouped(rest)} more"] if rest else []
    yield [f"{head}: ", *_listed(named), *more, f" ({percent(appearance.share)} {tail})."]


def _of_missing(evidence: FeatureEvidence) -> Iterator[list[Child]]:
    before, now = evidence.missing_before, evidence.missing_now
    if before is None or now is None or abs(now - before) < _NOTABLE:
        return
    yield [f"Missing: {percent(before)} of the rows before, {percent(now)} now."]


def _listed(items: Sequence[Child]) -> list[Child]:
    joined: list[Child] = []
    for item in items:
        joined += [", ", item] if joined else [item]
    return joined
