"""What is said of one case when it is over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mlsystem.client.drill.case import Case, Ending
from mlsystem.client.drill.usual import Usual
from mlsystem.client.share import binomial_interval
from mlsystem.client.traffic import Answer

# Of the requests until a version was taken back, at a share of a tenth.
MOST_HARMED, CANARY_SHARE, CONFIDENCE = 0.12, 0.10, 0.999
# Metrics need a moment to arrive, however fast time goes.
ARRIVAL_SECONDS = 4.0


@dataclass(frozen=True)
class Outcome:
    """How the deployment of a case ended. `ended`: when all traffic was where it stayed, on the monotonic clock."""

    ending: Ending
    detected_by: str
    reason: str
    endpoint: str
    ended: float


@dataclass(frozen=True)
class Verdict:
    """`requests`: sent from the first one that the new version answered until it was taken back, `to_new` those that went to it;
    `harmed` of all of them. `bad_seconds`: from the first harmed one to the last."""

    case: Case
    outcome: Outcome
    requests: int
    to_new: int
    harmed: int
    bad_seconds: float
    problems: tuple[str, ...] = field(default=())

    @property
    def is_wrongly_promoted(self) -> bool:
        return self.outcome.ending is Ending.PROMOTED and Ending.PROMOTED not in self.case.endings

    @property
    def harmed_share(self) -> float:
        return self.harmed / self.requests if self.requests else 0.0


def judge(
    case: Case, outcome: Outcome, answers: Sequence[Answer], usual: Usual, period_seconds: float, share: float
) -> Verdict:
    """`answers`: all that were sent from the begin of the deployment to well after its end; `period_seconds`: how long the alarms of the
    deployment look (period times periods), as fast as time goes here; `share`: of the traffic in the first step."""
    touched = [one for one in answers if one.version == outcome.endpoint]
    # What is slow while a fault is looked for is the fault; else the machine may just have been busy with the deployment.
    harmed = [
        one
        for one in answers
        if usual.is_wrong(one) or (not case.is_harmless and one.version == outcome.endpoint and usual.is_slow(one))
    ]
    begin = min((one.started for one in (*touched, *harmed)), default=0.0)
    end = max([outcome.ended, *(one.started for one in harmed)])
    during = [one for one in answers if begin <= one.started <= end] if touched or harmed else []
    bad = harmed[-1].ended - harmed[0].started if harmed else 0.0
    verdict = Verdict(case, outcome, len(during), len(touched), len(harmed), bad)
    return Verdict(
        case, outcome, len(during), len(touched), len(harmed), bad, tuple(_problems(verdict, period_seconds, share))
    )


def _problems(verdict: Verdict, period_seconds: float, share: float) -> list[str]:
    case, outcome = verdict.case, verdict.outcome
    problems = []
    if outcome.ending not in case.endings:
        problems.append(f"it was {outcome.ending}, and had to be {' or '.join(case.endings)}. {outcome.reason}".strip())
        return problems
    if outcome.ending is not Ending.ROLLED_BACK and verdict.harmed:
        problems.append(f"{verdict.harmed} requests were harmed, none may be")
    if outcome.ending is Ending.ROLLED_BACK:
        limit = 2 * period_seconds + ARRIVAL_SECONDS
        if verdict.bad_seconds > limit:
            problems.append(
                f"harm was done for {verdict.bad_seconds:.1f} s, {limit:.1f} s are two periods of the alarms"
            )
        most = _most_harmed(verdict.requests, share)
        if verdict.harmed > most:
            problems.append(f"{verdict.harmed} of {verdict.requests} requests were harmed, at most {most} may be")
    return problems


def _most_harmed(requests: int, share: float) -> int:
    """A fifth more than the new version's share, or what chance may make of that share where requests are few."""
    _, high = binomial_interval(requests, share, CONFIDENCE) if requests else (0, 0)
    return max(int(requests * share * MOST_HARMED / CANARY_SHARE), high)
