"""What is told of stacks: descriptions, events, resources, exports, and what a template would say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation, by_itself, by_member
from mlsystem.engine.decide.retention import DELETED_STACKS, STACK_EVENTS
from mlsystem.engine.decide.template import load, required_capabilities, validate
from mlsystem.engine.services.cloudformation.operations import find_stack, tag_list, when
from mlsystem.engine.services.cloudformation.preparation import read_template
from mlsystem.engine.services.cloudformation.stack import Stack
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_lines, forget_records
from mlsystem.engine.store.remembered import Remembered

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeStackEventsInputTypeDef,
        DescribeStackResourceInputTypeDef,
        DescribeStackResourcesInputTypeDef,
        DescribeStacksInputTypeDef,
        GetTemplateInputTypeDef,
        GetTemplateSummaryInputTypeDef,
        ListExportsInputTypeDef,
        ListImportsInputTypeDef,
        ListStackResourcesInputTypeDef,
        ListStacksInputTypeDef,
        ValidateTemplateInputTypeDef,
    )

PAGES = Paging(100)


def _holder(tx: Transaction, physical_id: str) -> Stack:
    """The stack that has a resource. Raises AwsError(ValidationError)."""
    for stack in tx.each(Stack, newest_first=True):
        if stack.deleted_at is None and any(one.physical_id == physical_id for one in stack.stack.resources.values()):
            return stack
    raise AwsError("ValidationError", f"Stack for {physical_id} does not exist")


class StackDescriptions(Part):
    """Reads only."""

    def __init__(self, house: House):
        self._house = house
        # Everybody asks for outputs, of stacks that are large and seldom change.
        self._told = Remembered(Stack, lambda tx, name: _stack(find_stack(tx, name, with_deleted=True)))

    def tidy(self, now: float) -> None:
        """Stacks that were deleted long ago, and old events but the last of each resource, from which its time is told."""
        gone, past = DELETED_STACKS.since(now), STACK_EVENTS.since(now)
        forget_records(self._house.database, Stack, gone, lambda _, stack: (stack.deleted_at or now) < gone)
        with self._house.database.reading() as tx:
            old = [number for stack in tx.each(Stack) for number in _past_events(tx, stack, past)]
        forget_lines(self._house.database, old)

    @operation("DescribeStacks", accepts="StackName NextToken")
    def describe(self, request: DescribeStacksInputTypeDef, call: Call) -> Mapping[str, object]:
        if "StackName" in request:
            return {"Stacks": [self._told.get(call.tx, request["StackName"])]}
        all_told = [(mark, self._told.get(call.tx, mark[1])) for mark in list(call.tx.each_key(Stack))]
        living = [one for one in all_told if "DeletionTime" not in one[1]]
        return PAGES.page(living, request, "Stacks", lambda one: one[0], lambda one: one[1], descending=True)

    @operation("ListStacks", accepts="NextToken StackStatusFilter")
    def list_stacks(self, request: ListStacksInputTypeDef, call: Call) -> Mapping[str, object]:
        wanted = request.get("StackStatusFilter")
        found = [stack for stack in call.tx.all(Stack, newest_first=True) if not wanted or stack.state in wanted]
        return PAGES.page(found, request, "StackSummaries", by_creation, _summary, descending=True)

    @operation("DescribeStackEvents", accepts="StackName NextToken")
    def events(self, request: DescribeStackEventsInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"], with_deleted=True)
        lines = list(reversed(call.tx.history(Stack.kind, stack.key)))
        return PAGES.page(
            lines, request, "StackEvents", lambda line: (line[0],), lambda line: _event(stack, line), descending=True
        )

    @operation("DescribeStackResources", accepts="StackName LogicalResourceId PhysicalResourceId")
    def resources(self, request: DescribeStackResourcesInputTypeDef, call: Call) -> Mapping[str, object]:
        if ("StackName" in request) == ("PhysicalResourceId" in request):
            raise AwsError("ValidationError", "Either StackName or PhysicalResourceId must be specified, and not both")
        if "StackName" in request:
            stack = find_stack(call.tx, request["StackName"], with_deleted=True)
        else:
            stack = _holder(call.tx, request["PhysicalResourceId"])
        wanted = request.get("LogicalResourceId")
        times = _times(call.tx, stack)
        found = [item for name, item in stack.stack.resources.items() if wanted in (None, name)]
        return {"StackResources": [_resource(stack, item, times, "Timestamp") for item in found]}

    @operation("DescribeStackResource", accepts="StackName LogicalResourceId")
    def resource(self, request: DescribeStackResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"], with_deleted=True)
        item = stack.stack.resources.get(request["LogicalResourceId"])
        if item is None:
            raise AwsError(
                "ValidationError", f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}"
            )
        return {"StackResourceDetail": _resource(stack, item, _times(call.tx, stack), "LastUpdatedTimestamp")}

    @operation("ListStackResources", accepts="StackName NextToken")
    def list_resources(self, request: ListStackResourcesInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"], with_deleted=True)
        times = _times(call.tx, stack)
        members = {"StackName", "StackId"}
        found = [
            {
                name: value
                for name, value in _resource(stack, item, times, "LastUpdatedTimestamp").items()
                if name not in members
            }
            for _, item in sorted(stack.stack.resources.items())
        ]
        return PAGES.page(found, request, "StackResourceSummaries", by_member("LogicalResourceId"))

    @operation("ListExports", accepts="NextToken")
    def exports(self, request: ListExportsInputTypeDef, call: Call) -> Mapping[str, object]:
        found = [
            {"ExportingStackId": stack.key, "Name": output.export_name, "Value": output.value}
            for stack in call.tx.all(Stack)
            if stack.deleted_at is None
            for output in stack.stack.outputs.values()
            if output.export_name
        ]
        return PAGES.page(sorted(found, key=lambda item: str(item["Name"])), request, "Exports", by_member("Name"))

    @operation("ListImports", accepts="ExportName NextToken")
    def imports(self, request: ListImportsInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["ExportName"]
        stacks = [stack for stack in call.tx.all(Stack) if stack.deleted_at is None]
        if not any(output.export_name == name for stack in stacks for output in stack.stack.outputs.values()):
            raise AwsError("ValidationError", f"No export named {name} found.")
        found = sorted(stack.name for stack in stacks if name in (*stack.imports, *stack.wanted_imports))
        if not found:
            raise AwsError("ValidationError", f"Export '{name}' is not imported by any stack.")
        return PAGES.page(found, request, "Imports", by_itself)

    @operation("GetTemplate", accepts="StackName TemplateStage")
    def template(self, request: GetTemplateInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"], with_deleted=True)
        return {"TemplateBody": stack.template, "StagesAvailable": ["Original"]}

    @operation("GetTemplateSummary", accepts="TemplateBody TemplateURL StackName")
    def summary(self, request: GetTemplateSummaryInputTypeDef, call: Call) -> Mapping[str, object]:
        before = find_stack(call.tx, request["StackName"]) if "StackName" in request else None
        text = before.template if before else read_template(self._house, call, request)
        template = load(text)
        told = _validation(text)
        for declared, parameter in zip(told["Parameters"], template.parameters.values(), strict=True):
            declared["ParameterType"] = parameter.type
            declared["ParameterConstraints"] = {"AllowedValues": list(parameter.allowed_values)}
        return {**told, "ResourceTypes": sorted({item.type for item in template.resources.values()})}

    @operation("ValidateTemplate", mode="read", accepts="TemplateBody TemplateURL")
    def validate(self, request: ValidateTemplateInputTypeDef, call: Call) -> Mapping[str, object]:
        return _validation(read_template(self._house, call, request))


def _validation(text: str) -> dict[str, Any]:
    template = load(text)
    validate(template)
    parameters = [
        {
            "ParameterKey": parameter.name,
            "Description": parameter.description,
            "NoEcho": parameter.no_echo,
            **({"DefaultValue": parameter.default} if parameter.default is not None else {}),
        }
        for parameter in template.parameters.values()
    ]
    capabilities = required_capabilities(template)
    answer: dict[str, Any] = {
        "Description": template.description,
        "Parameters": parameters,
        "DeclaredTransforms": list(template.transforms),
    }
    if capabilities:
        answer["Capabilities"] = capabilities
    return answer


def _stack(stack: Stack) -> Mapping[str, object]:
    outputs = [
        {
            "OutputKey": name,
            "OutputValue": output.value,
            "Description": output.description,
            **({"ExportName": output.export_name} if output.export_name else {}),
        }
        for name, output in stack.stack.outputs.items()
    ]
    shown = [{"ParameterKey": name, "ParameterValue": value} for name, value in stack.shown_parameters.items()]
    answer: dict[str, object] = {
        "StackId": stack.key,
        "StackName": stack.name,
        "Description": stack.description,
        "Parameters": shown,
        "CreationTime": when(stack.created_at),
        "LastUpdatedTime": when(stack.last_updated_at) if stack.last_updated_at else None,
        "DeletionTime": when(stack.deleted_at) if stack.deleted_at else None,
        "StackStatus": stack.state,
        "StackStatusReason": stack.stack.reason or None,
        "EnableTerminationProtection": stack.is_protected,
        "DisableRollback": stack.on_failure == "DO_NOTHING",
        "NotificationARNs": list(stack.notification_arns),
        "Capabilities": list(stack.capabilities),
        "Outputs": outputs,
        "RoleARN": stack.role_arn or None,
        "Tags": tag_list(stack.tags),
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    return {name: value for name, value in answer.items() if value is not None}


def _summary(stack: Stack) -> dict[str, object]:
    members = (
        "StackId",
        "StackName",
        "CreationTime",
        "LastUpdatedTime",
        "DeletionTime",
        "StackStatus",
        "StackStatusReason",
    )
    described = _stack(stack)
    return {name: described[name] for name in members if name in described}


def _event(stack: Stack, line: tuple[int, float, str, str]) -> dict[str, object]:
    number, at, _status, body = line
    event: dict[str, Any] = json.loads(body)
    answer: dict[str, object] = {
        "StackId": stack.key,
        "EventId": f"{event['logical_id']}-{number:08d}",
        "StackName": stack.name,
        "LogicalResourceId": event["logical_id"],
        "PhysicalResourceId": event["physical_id"],
        "ResourceType": event["type"],
        "Timestamp": when(at),
        "ResourceStatus": event["status"],
        "ResourceStatusReason": event["reason"] or None,
        "ResourceProperties": json.dumps(event["properties"]) if event["properties"] is not None else None,
        "ClientRequestToken": stack.token or None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _past_events(tx: Transaction, stack: Stack, before: float) -> list[int]:
    lines = tx.history(Stack.kind, stack.key)
    last = {json.loads(body)["logical_id"]: number for number, _, _, body in lines}.values()
    return [number for number, at, _, _ in lines if at < before and number not in last]


def _times(tx: Transaction, stack: Stack) -> dict[str, float]:
    """When each resource last changed."""
    return {json.loads(body)["logical_id"]: at for _, at, _, body in tx.history(Stack.kind, stack.key)}


def _resource(stack: Stack, item: Any, times: Mapping[str, float], time_name: str) -> dict[str, object]:
    answer: dict[str, object] = {
        "StackName": stack.name,
        "StackId": stack.key,
        "LogicalResourceId": item.logical_id,
        "PhysicalResourceId": item.physical_id or None,
        "ResourceType": item.type,
        time_name: when(times.get(item.logical_id, stack.updated_at)),
        "ResourceStatus": str(item.status),
        "ResourceStatusReason": item.reason or None,
    }
    return {name: value for name, value in answer.items() if value is not None}
