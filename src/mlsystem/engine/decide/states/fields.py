"""Which fields a state may have, by its type and query language, and the rule for each.

https://states-language.net/spec.html#state-type-table-jsonata and -jsonpath, and the sections of the types. Fields
with a structure of their own (Retry, Catch, Choices, Branches, ItemProcessor, ItemBatcher, Assign) have rules of
their own in `parsing`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.machine import QueryLanguage, StateType
from mlsystem.engine.decide.states.rules import (
    MOST_SECONDS,
    Rule,
    anything,
    flag,
    mapping,
    number,
    path_or_intrinsic,
    path_or_null,
    query_items,
    query_or,
    query_value,
    reference_path,
    result_path,
    template,
    text,
    timestamp,
    whole,
)

Fields = dict[str, Rule]

_EVERY: Fields = {"Type": text, "Comment": text, "QueryLanguage": text}
_NEXT: Fields = {"Next": text, "End": flag}
_ERRORS: Fields = {"Retry": anything, "Catch": anything}
_ASSIGN: Fields = {"Assign": anything}

_PATHS: Fields = {"InputPath": path_or_null, "OutputPath": path_or_null}
_RESULT: Fields = {"ResultPath": result_path, "Parameters": template}
_SELECTOR: Fields = {"ResultSelector": template}
_OUTPUT: Fields = {"Output": query_value}
_ARGUMENTS: Fields = {"Arguments": query_value}

_SECONDS = whole(1, MOST_SECONDS)
_WAIT_SECONDS = whole(0, MOST_SECONDS)
_COUNT = whole(0)
_PERCENTAGE = number(0, 100)

# Distributed Map only: a run of its own on AWS, which the local engine does not have.
DISTRIBUTED_FIELDS = ("ItemReader", "ResultWriter", "Label")

_MAP: Fields = {
    "ItemProcessor": mapping,
    "Iterator": mapping,
    "ItemBatcher": mapping,
    **dict.fromkeys(DISTRIBUTED_FIELDS, anything),
}

_BOTH: Mapping[StateType, Fields] = {
    StateType.PASS: _EVERY | _NEXT | _ASSIGN,
    StateType.TASK: _EVERY | _NEXT | _ASSIGN | _ERRORS | {"Resource": text},
    StateType.CHOICE: _EVERY | _ASSIGN | {"Choices": anything, "Default": text},
    StateType.WAIT: _EVERY | _NEXT | _ASSIGN,
    StateType.SUCCEED: _EVERY,
    StateType.FAIL: _EVERY,
    StateType.PARALLEL: _EVERY | _NEXT | _ASSIGN | _ERRORS | {"Branches": anything},
    StateType.MAP: _EVERY | _NEXT | _ASSIGN | _ERRORS | _MAP,
}

_JSONPATH: Mapping[StateType, Fields] = {
    StateType.PASS: _PATHS | _RESULT | {"Result": anything},
    StateType.TASK: _PATHS
    | _RESULT
    | _SELECTOR
    | {
        "TimeoutSeconds": _SECONDS,
        "TimeoutSecondsPath": reference_path,
        "HeartbeatSeconds": _SECONDS,
        "HeartbeatSecondsPath": reference_path,
        "Credentials": template,
    },
    StateType.CHOICE: _PATHS,
    StateType.WAIT: _PATHS
    | {
        "Seconds": _WAIT_SECONDS,
        "SecondsPath": reference_path,
        "Timestamp": timestamp,
        "TimestampPath": reference_path,
    },
    StateType.SUCCEED: _PATHS,
    StateType.FAIL: {
        "Error": text,
        "ErrorPath": path_or_intrinsic,
        "Cause": text,
        "CausePath": path_or_intrinsic,
    },
    StateType.PARALLEL: _PATHS | _RESULT | _SELECTOR,
    StateType.MAP: _PATHS
    | _RESULT
    | _SELECTOR
    | {
        "ItemsPath": reference_path,
        "ItemSelector": template,
        "MaxConcurrency": _COUNT,
        "MaxConcurrencyPath": reference_path,
        "ToleratedFailureCount": _COUNT,
        "ToleratedFailureCountPath": reference_path,
        "ToleratedFailurePercentage": _PERCENTAGE,
        "ToleratedFailurePercentagePath": reference_path,
    },
}

_JSONATA: Mapping[StateType, Fields] = {
    StateType.PASS: _OUTPUT,
    StateType.TASK: _OUTPUT
    | _ARGUMENTS
    | {
        "TimeoutSeconds": query_or(_SECONDS),
        "HeartbeatSeconds": query_or(_SECONDS),
        "Credentials": query_value,
    },
    StateType.CHOICE: _OUTPUT,
    StateType.WAIT: _OUTPUT | {"Seconds": query_or(_WAIT_SECONDS), "Timestamp": query_or(timestamp)},
    StateType.SUCCEED: _OUTPUT,
    StateType.FAIL: {"Error": query_or(text), "Cause": query_or(text)},
    StateType.PARALLEL: _OUTPUT | _ARGUMENTS,
    StateType.MAP: _OUTPUT
    | {
        "Items": query_items,
        "ItemSelector": query_value,
        "MaxConcurrency": query_or(_COUNT),
        "ToleratedFailureCount": query_or(_COUNT),
        "ToleratedFailurePercentage": query_or(_PERCENTAGE),
    },
}

_OWN = {QueryLanguage.JSONPATH: _JSONPATH, QueryLanguage.JSONATA: _JSONATA}


def fields_of(type: StateType, language: QueryLanguage) -> Fields:
    """Every field that such a state may have."""
    return {**_BOTH[type], **_OWN[language][type]}


# Of each group at most one may be there.
EXCLUSIVE: tuple[tuple[str, ...], ...] = (
    ("Next", "End"),
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ItemProcessor", "Iterator"),
    ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
)

# Of each group exactly one must be there.
REQUIRED: Mapping[StateType, tuple[tuple[str, ...], ...]] = {
    StateType.PASS: (("Next", "End"),),
    StateType.TASK: (("Next", "End"), ("Resource",)),
    StateType.CHOICE: (("Choices",),),
    StateType.WAIT: (("Next", "End"), ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")),
    StateType.SUCCEED: (),
    StateType.FAIL: (),
    StateType.PARALLEL: (("Next", "End"), ("Branches",)),
    StateType.MAP: (("Next", "End"), ("ItemProcessor", "Iterator")),
}
