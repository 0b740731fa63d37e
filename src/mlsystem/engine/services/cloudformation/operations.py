"""Operations on stacks: create, update, delete, and what is told of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    DeleteRequested,
    OnFailure,
    UpdateRequested,
    new_stack,
)
from mlsystem.engine.decide.template.stack import Event as StackInput
from mlsystem.engine.services.cloudformation.preparation import exports_in_use, prepare
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.stack import Stack, StackMachine
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        CancelUpdateStackInputTypeDef,
        ContinueUpdateRollbackInputTypeDef,
        CreateStackInputTypeDef,
        DeleteStackInputTypeDef,
        UpdateStackInputTypeDef,
        UpdateTerminationProtectionInputTypeDef,
    )

COMMON = "StackName TemplateBody TemplateURL Parameters Capabilities RoleARN NotificationARNs Tags ClientRequestToken DisableRollback"


def find_stack(tx: Transaction, name: str, with_deleted: bool = False) -> Stack:
    """By name or id; of several with one name the one that lives. Raises AwsError(ValidationError)."""
    stack = tx.get(Stack, name)
    if stack is None:
        living = [item for item in tx.all(Stack, parent=name, newest_first=True) if item.deleted_at is None]
        stack = living[0] if living else None
    if stack is None or (stack.deleted_at is not None and not with_deleted):
        raise AwsError("ValidationError", f"Stack with id {name} does not exist")
    return stack


class StackOperations(Part):
    """What changes a stack. A request with the token of the stack's last one is a repetition of it, and changes nothing."""

    def __init__(self, house: House, machine: StackMachine, registry: Registry):
        self._house = house
        self._machine = machine
        self._registry = registry

    @operation("CreateStack", accepts=f"{COMMON} OnFailure TimeoutInMinutes EnableTerminationProtection")
    def create(self, request: CreateStackInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["StackName"]
        token = request.get("ClientRequestToken", "")
        living = [stack for stack in call.tx.all(Stack, parent=name) if stack.deleted_at is None]
        if living and token and living[0].token == token:
            return {"StackId": living[0].key}
        if living:
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack_id = self._house.scope.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")
        prepared = prepare(self._house, call, self._registry, request, stack_id, name)
        on_failure = (
            OnFailure.DO_NOTHING if request.get("DisableRollback") else OnFailure(request.get("OnFailure", "ROLLBACK"))
        )
        stack = call.tx.add(
            Stack(
                key=stack_id,
                parent=name,
                state="REVIEW_IN_PROGRESS",
                stack=new_stack(stack_id, name),
                **prepared.members(),
                **settings(request, {}),
                token=token,
                on_failure=str(on_failure),
                is_protected=bool(request.get("EnableTerminationProtection", False)),
            )
        )
        self.begin(call, stack, CreateRequested(operation_id(), prepared.target, on_failure))
        return {"StackId": stack_id}

    @operation("UpdateStack", accepts=f"{COMMON} UsePreviousTemplate")
    def update(self, request: UpdateStackInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"])
        token = request.get("ClientRequestToken", "")
        if token and stack.token == token:
            return {"StackId": stack.key}
        prepared = prepare(self._house, call, self._registry, request, stack.key, stack.name, stack)
        in_use = exports_in_use(call.tx, stack)
        asked = UpdateRequested(
            operation_id(), prepared.target, bool(request.get("DisableRollback", False)), exports_in_use=in_use
        )
        changed = stack.changed(
            **prepared.members(),
            **settings(request, stack.model_dump()),
            before=stack.kept_for_rollback(),
            token=token,
            last_updated_at=call.now,
        )
        self.begin(call, changed, asked)
        return {"StackId": stack.key}

    @operation("DeleteStack", accepts="StackName RetainResources RoleARN ClientRequestToken DeletionMode")
    def delete(self, request: DeleteStackInputTypeDef, call: Call) -> Mapping[str, object]:
        try:
            stack = find_stack(call.tx, request["StackName"])
        except AwsError:
            return {}
        if stack.is_protected:
            message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            raise AwsError("ValidationError", message)
        if "RoleARN" in request:
            stack = stack.changed(role_arn=request["RoleARN"])
        retained = tuple(request.get("RetainResources", ()))
        asked = DeleteRequested(operation_id(), retained, exports_in_use=exports_in_use(call.tx, stack))
        self.begin(call, stack, asked)
        return {}

    @operation("UpdateTerminationProtection", accepts="StackName EnableTerminationProtection")
    def protect(self, request: UpdateTerminationProtectionInputTypeDef, call: Call) -> Mapping[str, object]:
        stack = find_stack(call.tx, request["StackName"])
        call.tx.put(stack.changed(is_protected=request["EnableTerminationProtection"]))
        return {"StackId": stack.key}

    @operation("CancelUpdateStack", accepts="StackName ClientRequestToken")
    def cancel(self, request: CancelUpdateStackInputTypeDef, call: Call) -> Mapping[str, object]:
        self.begin(call, find_stack(call.tx, request["StackName"]), CancelUpdateRequested())
        return {}

    @operation("ContinueUpdateRollback", accepts="StackName RoleARN ResourcesToSkip ClientRequestToken")
    def continue_rollback(self, request: ContinueUpdateRollbackInputTypeDef, call: Call) -> Mapping[str, object]:
        skipped = tuple(request.get("ResourcesToSkip", ()))
        stack = find_stack(call.tx, request["StackName"])
        if "RoleARN" in request:
            stack = stack.changed(role_arn=request["RoleARN"])
        self.begin(call, stack, ContinueRollbackRequested(operation_id(), skipped))
        return {}

    def begin(self, call: Call, stack: Stack, asked: StackInput) -> None:
        """Let the stack do what is asked. Raises AwsError when its state does not allow it."""
        asking = stack.changed(caller=call.principal.arn)
        self._house.worker.commit_step(call.tx, asking, self._machine.request(asking, asked, call.now))


def operation_id() -> str:
    """Names a request, and so the actions that follow from it."""
    return uuid.uuid4().hex[:12]


def settings(request: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says beside the template; what it leaves out stays as it was."""
    tags = (
        {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())} if "Tags" in request else before.get("tags", {})
    )
    return {
        "tags": tags,
        "capabilities": tuple(request.get("Capabilities", before.get("capabilities", ()))),
        "role_arn": request.get("RoleARN", before.get("role_arn", "")),
        "notification_arns": tuple(request.get("NotificationARNs", before.get("notification_arns", ()))),
    }


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def tag_list(tags: Mapping[str, str]) -> Sequence[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
