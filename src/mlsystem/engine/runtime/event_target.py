"""Hands an event to a target by its ARN, as EventBridge and EventBridge Scheduler both do, and CloudFormation for custom resources.

A delivery has a key, and where the target can tell that it has had it, it is had once: a pipeline by its request token, an execution by
its name. Functions, log groups and other operations may see a repeated one after a crash, as on AWS.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.arn import parse_arn
from mlsystem.engine.decide.errors import ActionFailed, AwsError, NotImplementedHere
from mlsystem.engine.runtime.aws_sdk import sdk_operation

MOST_ATTEMPTS = 185
UNIVERSAL = "aws-sdk:"
# What answers inside a transaction, so that delivering and noting the delivery can be one.
TRANSACTIONAL = {"codepipeline", "states", "sns"}


@dataclass(frozen=True)
class Delivery:
    """`payload` is text, mostly JSON; `key` is the same whenever it is repeated, `at` its instant in seconds.

    `source` is the ARN of what sends it: a rule, a schedule, a stack.
    """

    target: str
    payload: str
    key: str
    at: float
    source: str
    role: str | None = None

    @property
    def service(self) -> str:
        return parse_arn(self.target).service

    @property
    def is_transactional(self) -> bool:
        return self.service in TRANSACTIONAL


def check_target(arn: str, role: str | None) -> None:
    """Raises AwsError for a target that nothing here can be given to."""
    parsed = parse_arn(arn)
    if parsed.service == "scheduler" and parsed.resource.startswith(UNIVERSAL):
        _universal(arn)
    elif parsed.service not in _TARGETS:
        raise NotImplementedHere(
            f"the target {arn}", "targets are functions, pipelines, state machines, topics and logs"
        )
    if parsed.service in ("codepipeline", "states", "scheduler") and not role:
        raise AwsError("ValidationException", f"RoleArn is required for target {arn}.")


def deliver(
    house: House,
    delivery: Delivery,
    session: str,
    attempt: int,
    most_attempts: int = MOST_ATTEMPTS,
    principal: Principal | None = None,
) -> None:
    """Raises ActionFailed when it is of no use to try again, AwsError when it is.

    `session`: "events" or "scheduler"; it calls in the delivery's role or, without one, for itself, unless `principal` does.
    """
    role = delivery.role
    caller = principal or (house.session_of(role, session, session) if role else house.service(session))
    give = _TARGETS.get(delivery.service, _call)
    try:
        give(house, delivery, replace(caller, source_arn=delivery.source))
    except AwsError as error:
        if _may_pass(error) and attempt <= most_attempts:
            raise
        raise ActionFailed(error.message, error.code) from error


def _may_pass(error: AwsError) -> bool:
    return (
        (error.status or 400) >= 500 and not isinstance(error, NotImplementedHere)
    ) or "TooManyRequests" in error.code


def _function(house: House, delivery: Delivery, principal: Principal) -> None:
    request = {"FunctionName": delivery.target, "InvocationType": "Event", "Payload": delivery.payload.encode()}
    house.call("lambda", "Invoke", request, principal)


def _pipeline(house: House, delivery: Delivery, principal: Principal) -> None:
    try:
        given = json.loads(delivery.payload)
    except ValueError:
        given = None
    variables = given.get("variables") if isinstance(given, Mapping) else None
    request = {
        "name": parse_arn(delivery.target).resource,
        "clientRequestToken": delivery.key,
        "variables": variables,
    }
    house.call("codepipeline", "StartPipelineExecution", request, principal)


def _state_machine(house: House, delivery: Delivery, principal: Principal) -> None:
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.target}/{delivery.key}"))
    request = {"stateMachineArn": delivery.target, "name": name, "input": delivery.payload}
    try:
        house.call("stepfunctions", "StartExecution", request, principal)
    except AwsError as error:
        if error.code != "ExecutionAlreadyExists":
            raise


def _topic(house: House, delivery: Delivery, principal: Principal) -> None:
    house.call("sns", "Publish", {"TopicArn": delivery.target, "Message": delivery.payload}, principal)


def _log_group(house: House, delivery: Delivery, principal: Principal) -> None:
    """A service needs a policy of the account's logs, which the engine does not have: it lets services write."""
    group = parse_arn(delivery.target).resource.removeprefix("log-group:").removesuffix(":*")
    who = None if principal.is_service else principal
    stream = {"logGroupName": group, "logStreamName": delivery.key.replace(":", "-").replace("*", "-")}
    try:
        house.call("logs", "CreateLogStream", stream, who)
    except AwsError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
    event = {"timestamp": int(delivery.at * 1000), "message": delivery.payload}
    house.call("logs", "PutLogEvents", {**stream, "logEvents": [event]}, who)


def _call(house: House, delivery: Delivery, principal: Principal) -> None:
    """Any operation, its request being the payload."""
    operation = _universal(delivery.target)
    house.call(operation.service, operation.name, operation.request(json.loads(delivery.payload or "{}")), principal)


def _universal(arn: str) -> Any:
    parts = parse_arn(arn).resource.split(":")
    if len(parts) != 3 or parts[0] != "aws-sdk":
        raise AwsError("ValidationException", f"{arn} is not a valid target ARN.")
    return sdk_operation(parts[1], parts[2])


_TARGETS: Mapping[str, Callable[[House, Delivery, Principal], None]] = {
    "lambda": _function,
    "codepipeline": _pipeline,
    "states": _state_machine,
    "sns": _topic,
    "logs": _log_group,
}
