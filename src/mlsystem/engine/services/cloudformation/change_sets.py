"""Change sets: a change of a stack that is looked at before it is made, which is also how the AWS CLI deploys.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.decide.template import plan
from mlsystem.engine.decide.template.stack import (
    CreateRequested,
    OnFailure,
    UpdateRequested,
    deployed,
    has_changes,
    new_stack,
)
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.cloudformation.change_set import NO_CHANGES, ChangeSet, described, summary
from mlsystem.engine.services.cloudformation.operations import (
    StackOperations,
    find_stack,
    operation_id,
    settings,
    tag_list,
    when,
)
from mlsystem.engine.services.cloudformation.preparation import Prepared, exports_in_use, prepare
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.stack import Stack
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DeleteChangeSetInputTypeDef,
        DescribeChangeSetInputTypeDef,
        ExecuteChangeSetInputTypeDef,
        ListChangeSetsInputTypeDef,
    )

REVIEW = "REVIEW_IN_PROGRESS"
KINDS = ("CREATE", "UPDATE")


PAGES = Paging(100)


class ChangeSets(Part):
    """They are made at once, so nobody ever sees one that is pending."""

    def __init__(self, house: House, operations: StackOperations, registry: Registry):
        self._house = house
        self._operations = operations
        self._registry = registry

    @operation(
        "CreateChangeSet",
        accepts="StackName TemplateBody TemplateURL UsePreviousTemplate Parameters Capabilities RoleARN NotificationARNs Tags"
        " ChangeSetName ClientToken Description ChangeSetType OnStackFailure",
    )
    def create(self, request: CreateChangeSetInputTypeDef, call: Call) -> Mapping[str, object]:
        kind = request.get("ChangeSetType", "UPDATE")
        if kind not in KINDS:
            raise AwsError("ValidationError", f"ChangeSetType {kind} is not implemented by the local engine")
        stack = self._stack_of(request["StackName"], kind, call)
        known = self._named(call.tx, stack, request["ChangeSetName"])
        if known is not None:
            if known.token and known.token == request.get("ClientToken"):
                return {"Id": known.key, "StackId": stack.key}
            raise AwsError("AlreadyExistsException", f"ChangeSet {request['ChangeSetName']} already exists")
        before = stack if kind == "UPDATE" else None
        prepared = prepare(self._house, call, self._registry, request, stack.key, stack.name, before)
        found = call.tx.add(self._made(request, kind, stack, prepared))
        return {"Id": found.key, "StackId": stack.key}

    def _made(self, request: CreateChangeSetInputTypeDef, kind: str, stack: Stack, prepared: Prepared) -> ChangeSet:
        changes = plan(deployed(stack.stack), prepared.target, self._registry).changes
        is_same = kind == "UPDATE" and not has_changes(stack.stack, prepared.target, self._registry)
        return ChangeSet(
            key=self._house.scope.arn("cloudformation", f"changeSet/{request['ChangeSetName']}/{uuid.uuid4()}"),
            parent=stack.key,
            state="FAILED" if is_same else "CREATE_COMPLETE",
            reason=NO_CHANGES if is_same else "",
            name=request["ChangeSetName"],
            type=kind,
            basis=stack.stack.operation_id,
            target=prepared.target,
            members={**prepared.members(), **settings(request, stack.model_dump())},
            changes=tuple(described(item, partial(self._is_immutable, item.type)) for item in changes),
            description=request.get("Description", ""),
            on_failure=request.get("OnStackFailure", "ROLLBACK"),
            token=request.get("ClientToken", ""),
        )

    def _is_immutable(self, resource_type: str, name: str) -> bool:
        return name in self._registry.find(resource_type).immutable

    def _stack_of(self, name: str, kind: str, call: Call) -> Stack:
        """The one that is to be changed; for a new one a stack that waits for its review."""
        living = [stack for stack in call.tx.all(Stack, parent=name) if stack.deleted_at is None]
        if kind == "UPDATE" or name.startswith("arn:"):
            stack = find_stack(call.tx, name)
            if kind == "UPDATE" and stack.state == REVIEW:
                raise AwsError(
                    "ValidationError", f"Stack [{stack.name}] is in {REVIEW} state: use ChangeSetType CREATE"
                )
            return stack
        if living and living[0].state != REVIEW:
            raise AwsError(
                "ValidationError", f"Stack [{name}] already exists and cannot be created again with the changeSet"
            )
        if living:
            return living[0]
        stack_id = self._house.scope.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")
        return call.tx.add(
            Stack(key=stack_id, parent=name, state=REVIEW, stack=new_stack(stack_id, name), template="{}")
        )

    @operation("DescribeChangeSet", accepts="ChangeSetName StackName NextToken IncludePropertyValues")
    def describe(self, request: DescribeChangeSetInputTypeDef, call: Call) -> Mapping[str, object]:
        found, stack = self._find(request, call.tx)
        parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in found.members["shown_parameters"].items()
        ]
        return {
            **summary(found, stack.name, _execution_status(found, stack), when(found.created_at)),
            "Parameters": parameters,
            "NotificationARNs": list(found.members["notification_arns"]),
            "Capabilities": list(found.members["capabilities"]),
            "Tags": tag_list(found.members["tags"]),
            "Changes": list(found.changes),
            "OnStackFailure": found.on_failure,
            "IncludeNestedStacks": False,
        }

    @operation("ListChangeSets", accepts="StackName NextToken")
    def list_sets(self, request: ListChangeSetsInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"])
        found = call.tx.all(ChangeSet, parent=stack.key)

        def show(item: ChangeSet) -> Mapping[str, object]:
            return summary(item, stack.name, _execution_status(item, stack), when(item.created_at))

        return PAGES.page(found, request, "Summaries", by_creation, show)

    @operation("DeleteChangeSet", accepts="ChangeSetName StackName")
    def delete(self, request: DeleteChangeSetInputTypeDef, call: Call) -> Mapping[str, object]:
        """One that is gone already is none to complain of."""
        try:
            found, _ = self._find(request, call.tx)
        except AwsError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        call.tx.remove(ChangeSet, found.key)
        return {}

    @operation("ExecuteChangeSet", accepts="ChangeSetName StackName ClientRequestToken DisableRollback")
    def execute(self, request: ExecuteChangeSetInputTypeDef, call: Call) -> Mapping[str, object]:
        found, stack = self._find(request, call.tx)
        token = request.get("ClientRequestToken", "")
        if found.is_executed and token and stack.token == token:
            return {}
        status = _execution_status(found, stack)
        if status != "AVAILABLE":
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.key}] cannot be executed in its current status of [{found.state}], execution status"
                f" [{status}]",
            )
        changed = stack.changed(**found.members, token=token)
        if found.type == "CREATE":
            on_failure = OnFailure.DO_NOTHING if request.get("DisableRollback") else OnFailure(found.on_failure)
            changed = changed.changed(on_failure=str(on_failure))
            self._operations.begin(call, changed, CreateRequested(operation_id(), found.target, on_failure))
        else:
            disable = bool(request.get("DisableRollback", found.on_failure == "DO_NOTHING"))
            in_use = exports_in_use(call.tx, stack)
            asked = UpdateRequested(operation_id(), found.target, disable, exports_in_use=in_use)
            self._operations.begin(
                call, changed.changed(before=stack.kept_for_rollback(), last_updated_at=call.now), asked
            )
        for other in call.tx.all(ChangeSet, parent=stack.key):
            call.tx.remove(ChangeSet, other.key)
        call.tx.add(found.changed(is_executed=True))
        return {}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudformation.stack.settled": self._on_settled}

    def _on_settled(self, tx: Transaction, topic: str, data: Json) -> None:
        """With a stack its change sets go."""
        if data["status"] == "DELETE_COMPLETE":
            for found in tx.all(ChangeSet, parent=data["stack_id"]):
                tx.remove(ChangeSet, found.key)

    # ------------------------------------------------------------------ finding
    def _find(self, request: Mapping[str, Any], tx: Transaction) -> tuple[ChangeSet, Stack]:
        """By its id, or by its name and the stack. Raises AwsError(ChangeSetNotFound)."""
        name = request["ChangeSetName"]
        if name.startswith("arn:"):
            found = tx.get(ChangeSet, name)
        elif "StackName" in request:
            found = self._named(tx, find_stack(tx, request["StackName"]), name)
        else:
            raise AwsError(
                "ValidationError", "StackName must be specified if ChangeSetName is not specified as an ARN."
            )
        if found is None:
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)
        return found, find_stack(tx, found.parent, with_deleted=True)

    def _named(self, tx: Transaction, stack: Stack, name: str) -> ChangeSet | None:
        return next((item for item in tx.all(ChangeSet, parent=stack.key) if item.name == name), None)


def _execution_status(change_set: ChangeSet, stack: Stack) -> str:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html"""
    if change_set.is_executed:
        running = stack.state.endswith("_IN_PROGRESS")
        failed = "FAILED" in stack.state or "ROLLBACK" in stack.state
        return "EXECUTE_IN_PROGRESS" if running else "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"
    if change_set.state == "FAILED":
        return "UNAVAILABLE"
    return "AVAILABLE" if stack.stack.operation_id == change_set.basis and not stack.deleted_at else "OBSOLETE"
