"""docs/monitor-format.md names everything that the analyzer reads and writes by name."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mlsystem.monitor import container, texts
from mlsystem.monitor.report.evidence import Run
from mlsystem.monitor.report.number_shares import Spread

SOURCE = Path(container.__file__).parent
PAGE = (SOURCE.parents[2] / "docs" / "monitor-format.md").read_text()
VARIABLE = r'(?:_required|_path|_one_of|_number|\.get)\((?:settings, )?"([a-z_]+)"'


def test_every_environment_variable_is_in_the_page() -> None:
    names = set(re.findall(VARIABLE, (SOURCE / "container.py").read_text()))
    assert len(names) > 12
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_every_option_of_the_command_is_in_the_page() -> None:
    options = set(re.findall(r'"(--[a-z-]+)"', (SOURCE / "command.py").read_text()))
    assert len(options) > 8
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
