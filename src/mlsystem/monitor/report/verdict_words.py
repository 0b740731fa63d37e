"""The verdict in plain words: what was found, what it means, and what to do next."""

from datetime import datetime

from mlsystem.monitor.report.evidence import Evidence
from mlsystem.monitor.report.findings import Findings
from mlsystem.monitor.report.numerals import count
from mlsystem.monitor.verdicts import Verdict

TITLES = {
    Verdict.DRIFTED: "The data have drifted",
    Verdict.NOT_DRIFTED: "The data have not drifted",
    Verdict.CANNOT_TELL: "Nobody can tell whether the data have drifted",
}

MEANINGS = {
    Verdict.DRIFTED: "The data look different from those that the model was made with, by more than is allowed and by more than "
    "chance would explain. The model may be less right than it was; whether it is, this report does not measure.",
    Verdict.NOT_DRIFTED: "The data look like those that the model was made with. That says nothing yet of whether its "
    "predictions are right: for that they must be compared with what really happened.",
    Verdict.CANNOT_TELL: "Something is missing that a verdict needs, so this is no all-clear: there may be a drift that "
    "nobody sees. The reason stands beside each feature.",
}

STEPS = {
    Verdict.DRIFTED: (
        "Look at the features below, the farthest off first, and at the most unusual rows: is it the world that has changed "
        "(a season, new customers, another price), or the data (another unit, a column that moved, a broken source)?",
        "If the data are broken, repair their source. A new model would only learn the fault.",
        "If the world has changed, train again on newer data, and make a new baseline of what that model is trained on.",
    ),
    Verdict.NOT_DRIFTED: (
        "There is nothing to do. Look at the quality of the data below, if something is listed there.",
    ),
    Verdict.CANNOT_TELL: (
        "Read the reasons below. Too few values: check more rows at a time, or wait for more traffic. "
        "A column that is missing or empty: repair its source.",
        "If the baseline itself lacks something, make it again from complete data.",
    ),
}


def headline(findings: Findings) -> str:
    """The verdict in one sentence."""
    drifted, features = len(findings.of(Verdict.DRIFTED)), len(findings.features)
    if not features:
        return f"{TITLES[findings.verdict]}: no feature was to be compared"
    number = {Verdict.DRIFTED: drifted, Verdict.CANNOT_TELL: len(findings.of(Verdict.CANNOT_TELL))}
    if findings.verdict is Verdict.NOT_DRIFTED:
        return f"{TITLES[findings.verdict]}: all of {count(features, 'feature')} are within what is allowed"
    found = number[findings.verdict]
    told = f"{found} of {count(features, 'feature')}"
    if findings.verdict is Verdict.DRIFTED:
        return f"{TITLES[findings.verdict]}: {told} {_has(found)} moved farther than is allowed"
    return f"{TITLES[findings.verdict]}: {told} could not be judged"


def basis(evidence: Evidence) -> str:
    """Which rows were compared with which."""
    window = evidence.run.window
    when = f"of {window_words(window)}" if window else f"in {evidence.run.source}"
    return f"Compared: {count(evidence.rows_now, 'row')} {when}, with the {count(evidence.rows_before, 'row')} of the baseline."


def doubts(findings: Findings) -> str | None:
    """What a drift must not hide: that there are features of which nobody can tell."""
    unknown = len(findings.of(Verdict.CANNOT_TELL))
    if not unknown or findings.verdict is not Verdict.DRIFTED:
        return None
    return f"Of {count(unknown, 'more feature')} nobody can tell."


def window_words(window: str) -> str:
    """A span of two time stamps as people write it; any other text as it is."""
    start, separator, end = window.partition(" to ")
    begun, ended = moment(start), moment(end)
    if not separator or begun is None or ended is None:
        return window
    last = f"{ended:%H:%M}" if begun.date() == ended.date() else moment_words(ended)
    return f"{moment_words(begun)} to {last} {ended.tzname() or ''}".strip()


def moment(text: str) -> datetime | None:
    """A time stamp, if it is one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def moment_words(when: datetime) -> str:
    """A moment, without its time zone."""
    return f"{when.day} {when:%B %Y, %H:%M}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"
