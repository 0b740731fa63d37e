"""docs/monitor-format.md names everything that the analyzer reads and writes by name."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mlsystem.monitor import container, texts
from mlsystem.monitor.ground_truth.merging import MergeCounts
from mlsystem.monitor.quality.binary import CONSTANT
from mlsystem.monitor.quality.constraints import METRICS
from mlsystem.monitor.quality.problem import ProblemType
from mlsystem.monitor.report.evidence import Run
from mlsystem.monitor.report.number_shares import Spread

SOURCE = Path(container.__file__).parent
PAGE = (SOURCE.parents[2] / "docs" / "monitor-format.md").read_text()
VARIABLE = r'(?:required|path_in|one_of|number|\.get)\((?:settings, )?"([a-z_]+)"'


@pytest.mark.parametrize(("file", "least"), [("container.py", 12), ("quality_settings.py", 10), ("settings.py", 1)])
def test_every_environment_variable_is_in_the_page(file: str, least: int) -> None:
    names = set(re.findall(VARIABLE, (SOURCE / file).read_text()))
    assert len(names) > least
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize(("file", "least"), [("command.py", 7), ("quality_command.py", 8), ("options.py", 4)])
def test_every_option_of_the_command_is_in_the_page(file: str, least: int) -> None:
    options = set(re.findall(r'"(--[a-z-]+)"', (SOURCE / file).read_text()))
    assert len(options) > least
    assert [option for option in sorted(options) if option not in PAGE] == []


@pytest.mark.parametrize("name", [name for name in vars(texts) if name.isupper() and not name.startswith("_")])
def test_every_name_that_readers_match_on_is_in_the_page(name: str) -> None:
    assert getattr(texts, name) in PAGE


def test_every_field_of_the_reports_data_is_in_the_page() -> None:
    section = PAGE[PAGE.index("## report.json") : PAGE.index("## Metrics")]
    names = set(re.findall(r'"([a-z_]+)":', (SOURCE / "report" / "evidence_document.py").read_text()))
    names |= {field.name for kind in (Run, Spread) for field in fields(kind)}
    assert len(names) > 25
    assert [name for name in sorted(names - {"version"}) if not re.search(rf"[`.]{name}[`\[.]", section)] == []


def test_the_page_says_which_sdk_reads_the_files() -> None:
    locked = (SOURCE.parents[2] / "requirements" / "sagemaker.txt").read_text()
    [version] = re.findall(r"^sagemaker==([\d.]+)", locked, re.MULTILINE)
    assert f"the SageMaker SDK itself, version {version}," in PAGE


@pytest.mark.parametrize("kind", METRICS, ids=lambda kind: kind.key)
def test_every_metric_of_a_models_quality_is_in_the_page(kind: ProblemType) -> None:
    section = PAGE[PAGE.index("## Model quality") : PAGE.index("## Captured traffic")]
    names = [name for name in METRICS[kind] if not name.endswith(CONSTANT)] + [
        f"accuracy{CONSTANT}",
        f"{kind.key}_metrics",
    ]
    assert [name for name in names if kind is not ProblemType.REGRESSION and f"`{name}`" not in section] == []
    assert [name for name in METRICS[ProblemType.REGRESSION] if f"`{name}`" not in section] == []


def test_every_field_of_the_verdict_on_a_model_is_in_the_page() -> None:
    section = PAGE[PAGE.index("### quality.json") : PAGE.index("### Metrics of a model")]
    names = set(re.findall(r'"([a-z_]+)":', (SOURCE / "quality" / "quality_document.py").read_text()))
    names |= {field.name for field in fields(MergeCounts)}
    assert len(names) > 20
    assert [name for name in sorted(names - {"version"}) if f"`{name}`" not in section] == []
