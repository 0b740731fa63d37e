"""Metrics in log messages."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudwatch.embedded import embedded_data
from mlsystem.engine.services.cloudwatch.metric import read_datum


def _document(**directive: Any) -> dict[str, Any]:
    default = {"Namespace": "n", "Dimensions": [["f"]], "Metrics": [{"Name": "m"}]}
    return {"_aws": {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [{**default, **directive}]}, "f": "x", "m": 2}


def test_each_set_of_dimensions_gives_a_datum() -> None:
    data = embedded_data({**_document(Dimensions=[["f"], ["f", "g"]]), "g": "y"})["n"]
    assert [len(datum["Dimensions"]) for datum in data] == [1, 2]
    assert data[0]["Timestamp"] == 1_700_000_000.5
    assert (data[0]["Values"], data[0]["Unit"], data[0]["StorageResolution"]) == ([2.0], "None", 60)


def test_an_array_gives_all_its_values() -> None:
    (datum,) = embedded_data({**_document(), "m": [1, 2.5]})["n"]
    assert datum["Values"] == [1.0, 2.5]


@pytest.mark.parametrize(
    "document",
    [
        {"_aws": {}},
        {"_aws": {"CloudWatchMetrics": "no list"}},
        {"_aws": {"CloudWatchMetrics": [{"Dimensions": []}]}},
        {**_document(), "m": "text"},
        {**_document(), "m": True},
        {**_document(), "m": [1] * 101},
        _document(Dimensions=[["missing"]]),
    ],
)
def test_what_does_not_keep_to_the_specification_gives_no_metric(document: dict[str, Any]) -> None:
    assert embedded_data(document) == {}


@pytest.mark.parametrize(
    "directive",
    [
        {"Dimensions": 5},
        {"Dimensions": [5]},
        {"Dimensions": [[{}]]},
        {"Metrics": 5},
        {"Metrics": [5]},
        {"Metrics": [{"Name": ["m"]}]},
        {"Metrics": [{"Name": "m", "Unit": {}}]},
        {"Metrics": [{"Name": "m", "StorageResolution": []}]},
    ],
)
def test_a_directive_of_another_form_gives_none(directive: dict[str, Any]) -> None:
    """It would stop all metrics of the log that come behind it."""
    assert embedded_data(_document(**directive)) == {}


def test_numbers_that_no_computer_has_give_none() -> None:
    assert embedded_data({**_document(), "m": 10**400}) == {}
    assert (
        "Timestamp" not in embedded_data({**_document(), "_aws": {**_document()["_aws"], "Timestamp": 10**400}})["n"][0]
    )


def test_a_time_of_no_calendar_is_refused_as_such() -> None:
    (datum,) = embedded_data({**_document(), "_aws": {**_document()["_aws"], "Timestamp": 1e300}})["n"]
    with pytest.raises(AwsError, match="since 1970"):
        read_datum("n", datum, 1_700_000_000.0)
