"""Prometheus gets of a system in production all that the dashboard for Grafana asks for."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.aws.grafana_dashboard import TARGET
from tests.aws.project import ROOT
from tests.live import eventually
from tests.monitored import Monitored
from tests.promql import Selector, selectors
from tests.small_project import NAME, ROWS
from tests.system import System

DASHBOARD: dict[str, Any] = json.loads((ROOT / TARGET).read_text())


def asked(endpoint: str) -> dict[str, Selector]:
    """Every selector of the dashboard's queries, by its panel's title and its number."""
    names = {"pipeline": NAME, "model": NAME, "endpoint": endpoint}
    found = {}
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            query = re.sub(r"\$\{(\w+)}", lambda match: names[match[1]], target["expr"])
            for number, selector in enumerate(selectors(query)):
                found[f"{panel['title']} {target['refId']}{number}"] = selector
    return found


def unanswered(system: System, wanted: dict[str, Selector]) -> list[str]:
    with urllib.request.urlopen(f"{system.engine.url}/_mlsystem/metrics", timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    return [
        title
        for title, selector in wanted.items()
        if not any(selector.chooses(sample.name, sample.labels) for sample in samples)
    ]


def test_every_panel_of_the_dashboard_has_an_answer(system: System) -> None:
    monitored = Monitored(system)
    monitored.ask([(size, weight) for size, weight, _ in ROWS])
    monitored.look()
    wanted = asked(monitored.name)
    assert len(wanted) > len(DASHBOARD["panels"])

    def is_complete() -> bool:
        """What is told is of the last minute: it is asked as long as it takes."""
        assert system.ask(system.api_url()).status == 200
        return not unanswered(system, wanted)

    try:
        eventually(is_complete, interval=1)
    except AssertionError:
        assert unanswered(system, wanted) == []
        raise
