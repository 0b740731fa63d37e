"""Documents that are nested deeper than anybody writes: what reads them is recursive, and says so instead of failing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mlsystem.engine.runtime.api_model import service_model
from tests.live import LiveEngine
from tests.probes import Probe, Told, send, unchecked_client

JSON_DEPTH = 20_000
OBJECTS = '{"a":' * JSON_DEPTH + "1" + "}" * JSON_DEPTH
LISTS = "[" * JSON_DEPTH + "]" * JSON_DEPTH
FILTER = "{" + "(" * 500 + "$.a = 1" + ")" * 500 + "}"
ROLE = "arn:aws:iam::000000000000:role/absent"
TOPIC = "arn:aws:sns:us-east-1:000000000000:absent"

REQUESTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("cloudwatch", "PutCompositeAlarm"): {"AlarmName": "deep", "AlarmRule": "(" * 5_000 + "TRUE" + ")" * 5_000},
    ("cloudwatch", "GetMetricData"): {
        "StartTime": 0,
        "EndTime": 60,
        "MetricDataQueries": [{"Id": "e", "Expression": "(" * 1_000 + "1" + ")" * 1_000}],
    },
    ("cloudwatch", "PutDashboard"): {"DashboardName": "deep", "DashboardBody": LISTS},
    ("logs", "TestMetricFilter"): {"filterPattern": FILTER, "logEventMessages": ['{"a": 1}']},
    ("logs", "FilterLogEvents"): {"logGroupName": "deep", "filterPattern": FILTER},
    ("stepfunctions", "CreateStateMachine"): {"name": "deep", "roleArn": ROLE, "definition": OBJECTS},
    ("stepfunctions", "ValidateStateMachineDefinition"): {"definition": LISTS},
    ("stepfunctions", "TestState"): {"definition": OBJECTS, "roleArn": ROLE},
    ("iam", "CreateRole"): {"RoleName": "deep", "AssumeRolePolicyDocument": OBJECTS},
    ("iam", "SimulateCustomPolicy"): {"PolicyInputList": [OBJECTS], "ActionNames": ["s3:GetObject"]},
    ("cloudformation", "CreateStack"): {"StackName": "deep", "TemplateBody": OBJECTS},
    ("cloudformation", "ValidateTemplate"): {"TemplateBody": LISTS},
    ("events", "PutRule"): {"Name": "deep", "EventPattern": '{"a":' * 1_000 + "[1]" + "}" * 1_000},
    ("events", "TestEventPattern"): {"EventPattern": OBJECTS, "Event": OBJECTS},
    ("kms", "CreateKey"): {"Policy": OBJECTS},
    ("sns", "SetTopicAttributes"): {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": OBJECTS},
}


@pytest.mark.parametrize(("service", "name"), REQUESTS, ids=[f"{service}:{name}" for service, name in REQUESTS])
def test_a_deep_document_is_no_fault_of_the_engine(engine: LiveEngine, service: str, name: str) -> None:
    told = _ask(engine, service, name)
    assert told.status < 500, told


def test_a_deep_rule_is_told_of_as_such(engine: LiveEngine) -> None:
    told = _ask(engine, "cloudwatch", "PutCompositeAlarm")
    assert (told.status, told.code) == (400, "ValidationError")
    assert "nested too deeply" in told.message


def _ask(engine: LiveEngine, service: str, name: str) -> Told:
    operation = service_model(service).operation_model(name)
    return send(unchecked_client(engine, service), operation, Probe((), "deep", REQUESTS[service, name]))
