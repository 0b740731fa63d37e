"""Map states. https://states-language.net/spec.html#map-state"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.decide.states.player import FUNCTION, Player, machine

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}
PASS = {"Type": "Pass", "End": True}


def mapping(inner: dict[str, Any] | None = None, processor: str = "ItemProcessor", **fields: Any) -> dict[str, Any]:
    flow = {"StartAt": "T", "States": {"T": inner or TASK}}
    return {"M": {"Type": "Map", processor: flow, "End": True, **fields}}


def play(fields: dict[str, Any], input: Any, inner: dict[str, Any] | None = None, **top: Any) -> Player:
    return Player(machine(mapping(inner, **fields), **top), input)


def play_jsonata(fields: dict[str, Any], input: Any, inner: dict[str, Any] | None = None) -> Player:
    return play(fields, input, inner, QueryLanguage="JSONata")


def test_the_items_are_processed_at_the_same_time_and_their_outputs_stay_in_order() -> None:
    played = play({}, ["a", "b", "c"])
    assert [task.parameters for task in played.tasks] == ["a", "b", "c"]
    for output in ("C", "B", "A"):
        played.succeed(output, task=len(played.tasks) - 1)
    assert played.output == ["A", "B", "C"]


def test_an_empty_array_gives_an_empty_array() -> None:
    played = play({}, [])
    assert played.output == []
    assert played.types == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


def test_items_path_finds_the_array_in_the_effective_input() -> None:
    played = play({"InputPath": "$.in", "ItemsPath": "$.list"}, {"in": {"list": [1]}})
    assert played.task.parameters == 1


def test_items_of_a_jsonata_map_are_an_array_or_an_expression() -> None:
    assert play_jsonata({"Items": "{% $states.input.list %}"}, {"list": [1, 2]}, PASS).output == [1, 2]
    assert play_jsonata({"Items": [1, "{% 1 + 1 %}"]}, {}, PASS).output == [1, 2]
    assert play_jsonata({}, [3], PASS).output == [3]


@pytest.mark.parametrize("value", [1, "x", None, {"a": 1}])
def test_what_is_mapped_over_must_be_an_array(value: Any) -> None:
    assert play({"ItemsPath": "$.list"}, {"list": value}).error == "States.Runtime"
    played = play_jsonata({"Items": "{% $states.input.list %}"}, {"list": value})
    assert played.error == "States.QueryEvaluationError"
    assert "Expected 'array', but was" in played.cause
    assert played.types[-3:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]
    assert play_jsonata({}, value).error == "States.QueryEvaluationError"


def test_item_selector_makes_the_input_of_each_iteration() -> None:
    selector = {"parcel.$": "$$.Map.Item.Value", "place.$": "$$.Map.Item.Index", "courier.$": "$.partner"}
    fields = {"InputPath": "$.in", "ItemsPath": "$.list", "ItemSelector": selector}
    played = play(fields, {"in": {"list": ["a", "b"], "partner": "UQS"}}, PASS)
    assert played.output == [
        {"parcel": "a", "place": 0, "courier": "UQS"},
        {"parcel": "b", "place": 1, "courier": "UQS"},
    ]


def test_item_selector_of_a_jsonata_map() -> None:
    selector = {"v": "{% $states.context.Map.Item.Value * 2 %}", "all": "{% $count($states.input) %}"}
    assert play_jsonata({"ItemSelector": selector}, [1, 2], PASS).output == [{"v": 2, "all": 2}, {"v": 4, "all": 2}]


def test_parameters_and_iterator_are_the_old_names() -> None:
    states = mapping(PASS, processor="Iterator", Parameters={"v.$": "$$.Map.Item.Value"})
    assert Player(machine(states), [1]).output == [{"v": 1}]


def test_the_processor_may_name_the_inline_mode() -> None:
    flow = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "T", "States": {"T": PASS}}
    assert Player(machine({"M": {"Type": "Map", "ItemProcessor": flow, "End": True}}), [1]).output == [1]


def test_states_in_an_iteration_see_their_item_in_the_context_object() -> None:
    inner = {**PASS, "Parameters": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}}
    assert play({}, ["a"], inner).output == [{"i": 0, "v": "a"}]


# ---------------------------------------------------------------------- concurrency
def test_max_concurrency_bounds_the_iterations_that_run() -> None:
    played = play({"MaxConcurrency": 2}, [1, 2, 3])
    assert [task.parameters for task in played.tasks] == [1, 2]
    played.succeed("two", task=1)
    assert [task.parameters for task in played.tasks] == [1, 3]
    played.succeed("one")
    played.succeed("three")
    assert played.output == ["one", "two", "three"]


def test_a_max_concurrency_of_one_goes_one_by_one_in_order() -> None:
    played = play({"MaxConcurrency": 1}, [1, 2, 3])
    seen = []
    while played.tasks:
        assert len(played.tasks) == 1
        seen.append(played.task.parameters)
        played.succeed()
    assert seen == [1, 2, 3]


def test_zero_sets_no_bound_but_that_of_the_service() -> None:
    assert len(play({"MaxConcurrency": 0}, list(range(50))).tasks) == 40


def test_max_concurrency_path_and_expression_give_the_bound() -> None:
    by_path = {"MaxConcurrencyPath": "$.n", "ItemsPath": "$.list"}
    assert len(play(by_path, {"n": 2, "list": [1, 2, 3]}).tasks) == 2
    by_expression = {"MaxConcurrency": "{% $states.input.n %}", "Items": [1, 2, 3]}
    assert len(play_jsonata(by_expression, {"n": 1}).tasks) == 1


def test_max_concurrency_must_be_a_non_negative_integer() -> None:
    by_path = {"MaxConcurrencyPath": "$.n", "ItemsPath": "$.list"}
    played = play(by_path, {"n": {}, "list": [1]})
    assert played.error == "States.Runtime"
    assert 'The MaxConcurrencyPath field refers to value "{}" which is not a valid integer: $.n' in played.cause
    assert play(by_path, {"n": -1, "list": [1]}).error == "States.Runtime"
    by_expression = {"MaxConcurrency": "{% -1 %}", "Items": [1]}
    assert play_jsonata(by_expression, {}).error == "States.QueryEvaluationError"


# ---------------------------------------------------------------------- failures
def test_an_iteration_that_fails_fails_the_state_and_stops_the_others() -> None:
    played = play({}, [1, 2, 3])
    others = [task.token for task in played.tasks[1:]]
    played.fail("Broken", "why")
    assert (played.error, played.cause) == ("Broken", "why")
    assert played.cancelled == others
    assert played.types[-9:] == [
        "LambdaFunctionFailed",
        "MapIterationFailed",
        "TaskStateAborted",
        "MapIterationAborted",
        "TaskStateAborted",
        "MapIterationAborted",
        "TaskStateAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_tolerated_failure_count_lets_some_items_fail() -> None:
    played = play({"ToleratedFailureCount": 1}, [1, 2, 3])
    played.fail("Broken", "why")
    played.succeed("b")
    played.succeed("c")
    assert played.output == [{"Error": "Broken", "Cause": "why"}, "b", "c"]


def test_exceeding_the_count_is_exceed_tolerated_failure_threshold() -> None:
    played = play({"ToleratedFailureCount": 1}, [1, 2, 3])
    played.fail()
    played.fail()
    assert played.error == "States.ExceedToleratedFailureThreshold"
    assert played.cause == "The specified tolerated failure threshold was exceeded"
    assert len(played.cancelled) == 1


def test_tolerated_failure_percentage_lets_a_share_of_the_items_fail() -> None:
    played = play({"ToleratedFailurePercentage": 50}, [1, 2, 3, 4])
    played.fail()
    played.fail()
    assert played.outcome is None
    played.fail()
    assert played.error == "States.ExceedToleratedFailureThreshold"


def test_both_thresholds_must_hold() -> None:
    played = play({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 0}, [1, 2])
    played.fail()
    assert played.error == "States.ExceedToleratedFailureThreshold"


def test_a_hundred_percent_tolerates_everything() -> None:
    played = play({"ToleratedFailurePercentage": 100, "MaxConcurrency": 1}, [1, 2])
    played.fail("A", None)
    played.fail("B", None)
    assert [one["Error"] for one in played.output] == ["A", "B"]


def test_thresholds_by_path_and_expression() -> None:
    by_path = {
        "ItemsPath": "$.list",
        "ToleratedFailureCountPath": "$.count",
        "ToleratedFailurePercentagePath": "$.share",
    }
    played = play(by_path, {"list": [1, 2], "count": 1, "share": 50})
    played.fail()
    played.succeed("b")
    assert played.output[1] == "b"
    by_expression = {"ToleratedFailureCount": "{% 1 %}", "ToleratedFailurePercentage": "{% 99.5 %}"}
    played = play_jsonata(by_expression, [1, 2])
    played.fail()
    assert played.outcome is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ToleratedFailureCountPath": "$.n"}, "ToleratedFailureCount cannot be negative."),
        ({"ToleratedFailurePercentagePath": "$.n"}, "ToleratedFailurePercentage must be between 0 and 100."),
    ],
)
def test_thresholds_must_be_in_range(fields: dict[str, Any], words: str) -> None:
    played = play({"ItemsPath": "$.list", **fields}, {"list": [1], "n": -1})
    assert played.error == "States.Runtime"
    assert played.cause.endswith(words)


def test_a_percentage_must_be_a_number() -> None:
    played = play({"ItemsPath": "$.l", "ToleratedFailurePercentagePath": "$.n"}, {"l": [1], "n": "x"})
    assert 'refers to value "x" which is not a valid float: $.n' in played.cause


def test_states_runtime_in_an_iteration_is_never_tolerated() -> None:
    inner = {**PASS, "Parameters": {"x.$": "$.missing"}}
    assert play({"ToleratedFailurePercentage": 100}, [{}], inner).error == "States.Runtime"


def test_a_map_state_retries_and_catches_like_any_other() -> None:
    states = mapping(
        Retry=[{"ErrorEquals": ["Broken"], "MaxAttempts": 1}], Catch=[{"ErrorEquals": ["Broken"], "Next": "C"}]
    )
    states["C"] = PASS
    played = Player(machine(states), [1, 2])
    played.fail()
    played.fire("retry")
    assert len(played.tasks) == 2
    played.fail()
    assert played.output == {"Error": "Broken", "Cause": "why"}
    assert len(played.events("MapStateStarted")) == 2
    assert len(played.events("MapStateFailed")) == 1


def test_an_item_selector_that_fails_later_stops_what_runs() -> None:
    selector = {"v": "{% $states.context.Map.Item.Value + 1 %}"}
    played = play_jsonata({"ItemSelector": selector, "MaxConcurrency": 2}, [1, 2, "x"])
    played.succeed("a")
    assert played.error == "States.QueryEvaluationError"
    assert len(played.cancelled) == 1


# ---------------------------------------------------------------------- results
def test_the_result_of_a_map_state_goes_through_selector_path_and_output_path() -> None:
    fields = {"ItemsPath": "$.l", "ResultSelector": {"n.$": "$"}, "ResultPath": "$.r", "OutputPath": "$.r"}
    assert play(fields, {"l": [1, 2]}, PASS).output == {"n": [1, 2]}


def test_output_and_assign_of_a_jsonata_map_see_the_result() -> None:
    states = mapping(PASS, Assign={"all": "{% $states.result %}"}, Output={"n": "{% $count($states.result) %}"})
    states["M"].pop("End")
    states["M"]["Next"] = "E"
    states["E"] = {"Type": "Pass", "Output": ["{% $all %}", "{% $states.input.n %}"], "End": True}
    assert Player(machine(states, QueryLanguage="JSONata"), [1, 2]).output == [[1, 2], 2]


def test_map_states_nest() -> None:
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "X", "States": {"X": PASS}}, "End": True}
    assert play({}, [[1, 2], [3]], inner).output == [[1, 2], [3]]


# ---------------------------------------------------------------------- batches
def test_an_item_batcher_gives_each_iteration_some_items() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$.k"}}
    played = play({"ItemsPath": "$.l", "ItemBatcher": batcher}, {"l": [1, 2, 3], "k": "v"}, PASS)
    assert played.output == [
        {"BatchInput": {"k": "v"}, "Items": [1, 2]},
        {"BatchInput": {"k": "v"}, "Items": [3]},
    ]


def test_batches_hold_selected_items() -> None:
    fields = {"ItemSelector": {"v.$": "$$.Map.Item.Value"}, "ItemBatcher": {"MaxItemsPerBatch": 5}}
    assert play(fields, [1, 2], PASS).output == [{"Items": [{"v": 1}, {"v": 2}]}]


def test_batches_are_bounded_in_bytes() -> None:
    limit = len('{"Items":["aaaa","bbbb"]}')
    fields = {"ItemBatcher": {"MaxInputBytesPerBatch": limit}}
    assert [len(one["Items"]) for one in play(fields, ["aaaa", "bbbb", "cccc"], PASS).output] == [2, 1]
    too_small = {"ItemBatcher": {"MaxInputBytesPerBatch": 5}}
    assert play(too_small, ["aaaa"], PASS).error == "States.DataLimitExceeded"


def test_limits_of_batches_by_path_and_expression() -> None:
    by_path = {
        "ItemsPath": "$.l",
        "ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "MaxInputBytesPerBatchPath": "$.b"},
    }
    assert len(play(by_path, {"l": [1, 2, 3], "n": 1, "b": 1000}, PASS).output) == 3
    by_expression = {
        "Items": [1, 2, 3],
        "ItemBatcher": {"MaxItemsPerBatch": "{% $states.input.n %}", "BatchInput": "{% 7 %}"},
    }
    assert play_jsonata(by_expression, {"n": 3}, PASS).output == [{"BatchInput": 7, "Items": [1, 2, 3]}]
