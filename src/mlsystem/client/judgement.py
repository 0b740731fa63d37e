"""What the judge of a deployment has written: its verdict, its reason and its numbers (`project/api/judge.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.stored_file import read_json


@dataclass(frozen=True)
class Compared:
    """Of one criterion: how many requests of both versions were bad."""

    what: str
    new_requests: int
    new_bad: int
    old_requests: int
    old_bad: int


@dataclass(frozen=True)
class Criterion:
    """`e_value_log10`: above 0 speaks against the new version, by powers of ten."""

    name: str
    e_value_log10: float
    tolerated_odds: float
    compared: tuple[Compared, ...]


@dataclass(frozen=True)
class Judgement:
    """`evidence`: 0 for none, 1 for complete evidence against the new version."""

    verdict: str
    is_good: bool
    reason: str
    evidence: float
    looks: int
    looked_at: datetime
    new_requests: int
    old_requests: int
    min_requests: int
    no_data: str
    false_alarm_rate: float
    criteria: tuple[Criterion, ...]


def read_judgement(connection: Connection, records: str, deployment: str) -> Judgement:
    """`records` is the folder of deployments' records. Raises NotFound before the first look, ClientFailure for what is no record."""
    uri = f"{records}/{deployment}/judgement.json"
    content = read_json(connection, uri)
    try:
        return parse_judgement(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ClientFailure(f"{uri} is no judgement: {error!r}") from error


def parse_judgement(content: Mapping[str, Any]) -> Judgement:
    policy = content["policy"]
    return Judgement(
        verdict=content["verdict"],
        is_good=content["isGood"],
        reason=content["reason"],
        evidence=content["evidence"],
        looks=content["looks"],
        looked_at=datetime.fromisoformat(content["lookedAt"]),
        new_requests=content["newRequests"],
        old_requests=content["oldRequests"],
        min_requests=policy["minRequests"],
        no_data=policy["noData"],
        false_alarm_rate=policy["falseAlarmRate"],
        criteria=tuple(_criterion(name, item) for name, item in content["criteria"].items()),
    )


def _criterion(name: str, item: Mapping[str, Any]) -> Criterion:
    compared = tuple(
        Compared(one["what"], one["newRequests"], one["newBad"], one["oldRequests"], one["oldBad"])
        for one in item["comparisons"]
    )
    return Criterion(name, item["log10EValue"], item["toleratedOddsRatio"], compared)
