from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.project.container.program import CONTAINER

data_config: Any = importlib.import_module("data_config")
utils: Any = importlib.import_module("utils")


def test_the_environment_holds_the_section_data_of_mlsystem_yaml(tmp_path: Path) -> None:
    """The rule that mlsystem.yaml states: keys in upper case, lists joined with commas, empty values left out."""
    section = yaml.safe_load((CONTAINER.parent / "mlsystem.yaml").read_text())["data"]
    texts = {key.upper(): ",".join(value) if isinstance(value, list) else str(value) for key, value in section.items()}
    assert all(len(text) <= 256 for text in texts.values())
    config = data_config.read_config({key: text for key, text in texts.items() if text}, tmp_path)
    assert config == data_config.DataConfig("late", "binary", "1", categorical_features=("carrier", "origin", "dest"))
    assert set(section) <= set(data_config.KEYS)


def test_a_file_beside_the_data_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps({"target_column": "y", "task_type": "regression"}))
    config = data_config.read_config({"TARGET_COLUMN": "late", "POSITIVE_LABEL": "1"}, tmp_path)
    assert config == data_config.DataConfig("y", "regression")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "target_column is not set"),
        ({"TARGET_COLUMN": "y"}, "task_type is ''"),
        ({"TARGET_COLUMN": "y", "TASK_TYPE": "ranking"}, "'ranking'"),
        ({"TARGET_COLUMN": "y", "TASK_TYPE": "binary", "MAX_BAD_ROW_SHARE": "5 %"}, "max_bad_row_share is '5 %'"),
        ({"TARGET_COLUMN": "y", "TASK_TYPE": "binary", "FEATURES": "a,y"}, "features contains the target column 'y'"),
        ({"TARGET_COLUMN": "y", "TASK_TYPE": "binary", "FEATURES": "a,a"}, "features names a column twice"),
    ],
)
def test_a_wrong_configuration_is_refused_by_key(tmp_path: Path, environment: dict[str, str], named: str) -> None:
    with pytest.raises(utils.ContainerError, match=named):
        data_config.read_config(environment, tmp_path)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ('{"target": "y"}', "unknown key 'target'"),
        ('{"target_column": "y", "task_type": "binary", "features": "a,b"}', "features must be a list"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(utils.ContainerError, match=named) as caught:
        data_config.read_config({}, tmp_path)
    assert "dataset.json" in str(caught.value)
