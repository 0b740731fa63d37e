"""What docs/observability.md says to other tools: its commands run, and its configuration fits the engine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsystem.engine.decide.prometheus import metric_name
from mlsystem.engine.services.cloudwatch.exposition import ALARM_STATE, STATISTICS
from mlsystem.engine.services.cloudwatch.metrics_page import PATH
from mlsystem.engine.settings import DEFAULT_PORT
from tests.command_line import run
from tests.docs.documents import FENCE, ROOT, shell_lines
from tests.otlp import Collector
from tests.promql import selectors

PAGE = ROOT / "docs" / "observability.md"
ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"


def configurations() -> list[dict[str, Any]]:
    return [yaml.safe_load(body) for language, body in FENCE.findall(PAGE.read_text()) if language == "yaml"]


def test_prometheus_is_sent_to_the_page_that_there_is() -> None:
    [job] = configurations()[0]["scrape_configs"]
    assert job["metrics_path"] == PATH
    assert job["static_configs"] == [{"targets": [ADDRESS]}]


def test_the_alert_asks_for_the_state_of_alarms() -> None:
    [rule] = configurations()[1]["groups"][0]["rules"]
    [selector] = selectors(rule["expr"])
    assert selector.chooses(ALARM_STATE, {"state": "ALARM", "alarm_name": "any"})
    assert not selector.chooses(ALARM_STATE, {"state": "OK", "alarm_name": "any"})


def test_the_names_of_the_table_are_those_of_the_page() -> None:
    text = PAGE.read_text()
    told = [metric_name("AWS/SageMaker", "ModelLatency", name) for name in STATISTICS]
    endings = ", ".join(f"`{name.removeprefix('aws_sagemaker_model_latency')}`" for name in told[1:])
    assert f"`{told[0]}`, {endings} |" in text
    assert f"`{metric_name('/aws/sagemaker/Endpoints', 'CPUUtilization', 'Average')}`" in text
    assert f"`{metric_name('my-pipeline', 'features_drifted', 'Maximum')}`" in text


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    [scrape] = [line for line in shell_lines(PAGE) if line.startswith("curl")]
    with Collector() as collector:
        try:
            started = run("up", "--port", "0", "--no-console", "--otlp", collector.url, home=tmp_path)
            assert started.returncode == 0, started.stderr
            address = re.findall(r"http://(127\.0\.0\.1:\d+)", started.stdout)[0]
            command = scrape.replace(ADDRESS, address).split()
            told = subprocess.run([command[0], "--fail", "--silent", *command[1:]], capture_output=True, check=False)
            assert told.returncode == 0, told.stderr
        finally:
            assert run("down", home=tmp_path).returncode == 0


@pytest.mark.parametrize("url", ["https://collector:4318", "collector"])
def test_a_collector_that_cannot_be_spoken_to_is_one_line(tmp_path: Path, url: str) -> None:
    refused = run("up", "--port", "0", "--no-console", "--otlp", url, home=tmp_path)
    assert refused.returncode != 0
    assert f"traces cannot be sent to '{url}'" in " ".join(refused.stderr.split())
