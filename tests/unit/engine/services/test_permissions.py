"""What the rooms ask of their callers exists: every action and every type of resource is one of AWS's.

cfn-lint carries AWS's Service Authorization Reference with it, which is what is compared here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from mlsystem.engine.contract import Part, Room, operation
from mlsystem.engine.coverage import wired_rooms
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.permission import ANY, Permissions, Requirement, on
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database

SCOPE = Scope("000000000000", "us-east-1")
REFERENCE = "data/AdditionalSpecs/Policies.json"
ARNS = {
    "apigateway": "arn:aws:apigateway:us-east-1::/restapis/x",
    "application-autoscaling": SCOPE.arn("application-autoscaling", "scalable-target/x"),
    "cloudwatch": SCOPE.arn("cloudwatch", "alarm:x"),
    "codedeploy": SCOPE.arn("codedeploy", "application:x"),
    "codecommit": SCOPE.arn("codecommit", "x"),
    "codepipeline": SCOPE.arn("codepipeline", "x"),
    "ecr": SCOPE.arn("ecr", "repository/x"),
    "events": SCOPE.arn("events", "rule/x"),
    "lambda": SCOPE.arn("lambda", "function:x"),
    "sagemaker": SCOPE.arn("sagemaker", "endpoint/x"),
    "sns": SCOPE.arn("sns", "x"),
    "stepfunctions": SCOPE.arn("states", "stateMachine:x"),
}
MEMBERS = {
    "executionArn": SCOPE.arn("states", "execution:x:y"),
    "activityArn": SCOPE.arn("states", "activity:x"),
    "PolicyArn": "arn:aws:iam::000000000000:policy/x",
    "PolicySourceArn": SCOPE.global_arn("iam", "user/x"),
    "ModelPackageArn": SCOPE.arn("sagemaker", "model-package/x/1"),
    "ModelPackageArnList": [SCOPE.arn("sagemaker", "model-package/x/1")],
    "SubscriptionArn": SCOPE.arn("sns", "x:y"),
    "CopySource": "x/y",
    "ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/x:y",
    "Qualifier": "live",
    "FunctionName": "x",
    "ResourceId": "endpoint/x/variant/y",
    "logGroupIdentifier": None,
    "StackName": "x",
    "Path": "/",
    "AliasName": "alias/x",
}
# Asked of no resource in particular although AWS has types for it: what the request names is none of them.
OF_ANYTHING = {
    "cloudwatch:GetMetricData": "a dataset is named by queries that the engine refuses",
    "cloudwatch:ListMetrics": "a dataset is named by members that the engine refuses",
    "cloudwatch:PutMetricData": "a dataset is named by members that the engine refuses",
    "ec2:CreateNetworkInterface": "the interface and its subnet are made up by the service that connects itself",
    "ec2:DeleteNetworkInterface": "the interface is known to the service that deletes it",
    "elasticfilesystem:DescribeMountTargets": "Lambda is given an access point, and finds the file system by it",
    "sagemaker:ListModelPackages": "a group is named, and the packages in it are not known before",
    "kms:TagResource": "a key that is being made has no id yet",
}
# Asked of a resource although the reference has none for it.
BEYOND_THE_REFERENCE = {
    "codedeploy:PutLifecycleEventHookExecutionStatus": "SAM's own policies allow it of the deployment group",
}


@pytest.fixture(scope="module")
def rooms() -> tuple[Room, ...]:
    return wired_rooms()


@pytest.fixture(scope="module")
def reference() -> Mapping[str, Any]:
    return dict(json.loads((resources.files("cfnlint") / REFERENCE).read_text()))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "state.db", SystemClock(1.0))
    yield database
    database.close()


def sample(shape: Shape, service: str, name: str = "", depth: int = 0) -> Any:
    """A request with all of its members, to a depth that the tables reach."""
    if name in MEMBERS:
        return MEMBERS[name]
    if isinstance(shape, StructureShape):
        members = {} if depth > 4 else shape.members
        return {key: sample(member, service, key, depth + 1) for key, member in members.items()}
    if isinstance(shape, ListShape):
        return [sample(shape.member, service, name, depth + 1)]
    if isinstance(shape, MapShape):
        return {"x": sample(shape.value, service, "", depth + 1)}
    if name.lower().endswith("rolearn") or name in ("serviceRole", "Role", "serviceRoleOverride"):
        return SCOPE.global_arn("iam", "role/x")
    if name.lower().endswith("arn") or (name == "Resource" and service == "lambda"):
        return ARNS.get(service, "arn:aws:x:us-east-1:000000000000:x")
    return b"x" if shape.type_name == "blob" else "x"


def asked(room: Room, name: str, database: Database) -> tuple[Requirement, ...]:
    model = service_model(room.service).operation_model(name).input_shape
    request = sample(model, room.service) if model else {}
    if room.service == "ec2" and "Resources" in request:
        request["Resources"] = ["vpc-1", "rtb-1", "eipalloc-1"]
    with database.reading() as tx:
        return room.permissions.of(name, request, SCOPE, tx)


def types_of(reference: Mapping[str, Any], action: str) -> Iterator[str]:
    """The patterns of the ARNs that an action may be limited to."""
    service, _, name = action.partition(":")
    known = reference[service]
    listed = known["Actions"][name.lower()].get("Resources", [])
    for kind in listed if isinstance(listed, list) else [listed]:
        yield from known["Resources"][kind.lower()]["ARNFormats"]


def is_type(pattern: str, arn: str) -> bool:
    expression = re.sub(r"\\\$\\\{\w+\\\}", "[^:]*", re.escape(pattern).replace(r"\.\*", ".*"))
    return re.fullmatch(expression, arn) is not None


def test_every_action_and_every_resource_is_one_that_aws_knows(
    rooms: tuple[Room, ...], reference: Mapping[str, Any], database: Database
) -> None:
    wrong = []
    for room in rooms:
        for name in room.operations:
            for requirement in asked(room, name, database):
                service, _, action = requirement.action.partition(":")
                if action.lower() not in reference[service]["Actions"]:
                    wrong.append(f"{room.service}:{name} asks for {requirement.action}, which does not exist")
                    continue
                types = list(types_of(reference, requirement.action))
                if requirement.resource == ANY:
                    if types and requirement.action not in OF_ANYTHING:
                        wrong.append(f"{room.service}:{name}: {requirement.action} is asked of nothing, not of {types}")
                elif requirement.action in BEYOND_THE_REFERENCE:
                    assert not types, f"the reference has {types} for {requirement.action} by now"
                elif not any(is_type(pattern, requirement.resource) for pattern in types):
                    wrong.append(
                        f"{room.service}:{name}: {requirement.action} knows no {requirement.resource}: {types}"
                    )
    assert not wrong, "\n".join(wrong)


def test_what_is_asked_of_anything_is_asked_somewhere(rooms: tuple[Room, ...], database: Database) -> None:
    found = {
        requirement.action
        for room in rooms
        for name in room.operations
        for requirement in asked(room, name, database)
        if requirement.resource == ANY
    }
    assert OF_ANYTHING.keys() <= found


def test_only_who_am_i_asks_for_nothing(rooms: tuple[Room, ...], database: Database) -> None:
    free = [name for room in rooms for name in room.operations if not asked(room, name, database)]
    assert free == ["GetCallerIdentity", "GetSessionToken"]


def test_every_role_in_a_request_must_be_passed(rooms: tuple[Room, ...], database: Database) -> None:
    role = SCOPE.global_arn("iam", "role/x")
    for room in rooms:
        for name, (mark, _) in room.operations.items():
            model = service_model(room.service).operation_model(name).input_shape
            request = {k: v for k, v in (sample(model, room.service) if model else {}).items() if k in mark.accepts}
            if role in json.dumps(request, default=str) and (room.service, name) not in EXCUSED:
                actions = {requirement.action for requirement in asked(room, name, database)}
                assert "iam:PassRole" in actions, f"{room.service}:{name}"


EXCUSED = {
    ("sts", "AssumeRole"),  # takes the role itself
    ("application-autoscaling", "RegisterScalableTarget"),  # takes the service-linked role whatever is given
}


def test_an_operation_without_an_entry_is_refused_when_its_room_is_made() -> None:
    class Flights(Part):
        @operation("Fly")
        def fly(self, request: Mapping[str, Any], call: object) -> Mapping[str, object]:
            return {}

    Room("air", [Flights()], Permissions("air", {"Fly": [on(ANY)]}))
    with pytest.raises(EngineError, match="Fly"):
        Room("air", [Flights()], Permissions("air", {}))
    with pytest.raises(EngineError, match="Land"):
        Room("air", [Flights()], Permissions("air", {"Fly": [on(ANY)], "Land": [on(ANY)]}))
