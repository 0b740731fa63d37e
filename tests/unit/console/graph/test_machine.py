"""A definition is read as it was written, in either query language, however deep its states lie."""

from __future__ import annotations

import json
from pathlib import Path

from mlsystem.console.graph.machine import Edge, Kind, condition, find_state, read

WORKFLOW = Path(__file__).parents[4] / "project" / "model" / "workflow.asl.json"
DEFINITION = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.size", "NumericGreaterThan": 3, "Next": "Each"}],
            "Default": "Stop",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Stop"}],
            "Next": "Look",
        },
        "Stop": {"Type": "Fail"},
    },
}


def test_every_way_out_of_a_state_is_an_edge_that_says_when_it_is_gone() -> None:
    assert read(DEFINITION).edges == (
        Edge("Look", "Each", Kind.CHOICE, "$.size NumericGreaterThan 3"),
        Edge("Look", "Stop", Kind.DEFAULT, "otherwise"),
        Edge("Each", "Look", Kind.NEXT),
        Edge("Each", "Stop", Kind.CATCH, "States.ALL"),
    )


def test_what_a_map_does_lies_inside_of_it_and_is_found_by_its_name() -> None:
    each = next(node for node in read(DEFINITION).nodes if node.name == "Each")
    assert [node.name for node in each.inner[0].nodes] == ["One"]
    assert find_state(DEFINITION, "One") == {"Type": "Pass", "End": True}
    assert find_state(DEFINITION, "Two") is None


def test_a_condition_reads_in_jsonata_and_in_jsonpath() -> None:
    size = {"Variable": "$.size", "NumericLessThan": 9}
    assert condition({"Condition": "{% $a > 1 %}", "Next": "X"}) == "{% $a > 1 %}"
    assert condition({"And": [size, {"Not": size}], "Next": "X"}) == (
        "$.size NumericLessThan 9 and not ($.size NumericLessThan 9)"
    )


def test_the_project_s_own_workflow_has_its_three_branches() -> None:
    machine = read(json.loads(WORKFLOW.read_text()))
    (parallel,) = [node for node in machine.nodes if node.inner]
    assert [branch.start for branch in parallel.inner] == ["Baseline Job", "Training Job", "Find Champion"]
