"""A provisioned product: a stack that Service Catalog makes, changes and deletes, and the records of these changes.

https://docs.aws.amazon.com/servicecatalog/latest/dg/API_ProvisionedProductDetail.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Action, Event, Notice, Step
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class ProductStatus(StrEnum):
    UNDER_CHANGE = "UNDER_CHANGE"  # its stack is being made, changed or deleted
    AVAILABLE = "AVAILABLE"  # the last change succeeded
    TAINTED = "TAINTED"  # an update or a deletion failed; the stack is there
    ERROR = "ERROR"  # it could not be launched
    TERMINATED = "TERMINATED"  # gone, and known for its records only; AWS has no word for it


class ChangeType(StrEnum):
    PROVISION = "PROVISION_PRODUCT"
    UPDATE = "UPDATE_PROVISIONED_PRODUCT"
    TERMINATE = "TERMINATE_PROVISIONED_PRODUCT"


class ChangeStatus(StrEnum):
    CREATED = "CREATED"  # asked for
    IN_PROGRESS = "IN_PROGRESS"  # CloudFormation is at it
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


# How the stack is called in whose statuses a change of each type ends, and the only one that is a success.
ENDS = {
    ChangeType.PROVISION: (("CREATE_", "ROLLBACK_", "DELETE_"), "CREATE_COMPLETE"),
    ChangeType.UPDATE: (("UPDATE_",), "UPDATE_COMPLETE"),
    ChangeType.TERMINATE: (("DELETE_",), "DELETE_COMPLETE"),
}
AFTER_FAILURE = {
    ChangeType.PROVISION: ProductStatus.ERROR,
    ChangeType.UPDATE: ProductStatus.TAINTED,
    ChangeType.TERMINATE: ProductStatus.TAINTED,
}


class Change(BaseModel):
    """What Service Catalog calls a record. `caller` is the ARN of whoever asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    type: ChangeType
    token: str
    caller: str
    product: str
    artifact: str
    parameters: dict[str, str] = Field(default_factory=dict)
    status: ChangeStatus = ChangeStatus.CREATED
    error: str = ""
    created_at: float
    updated_at: float

    @property
    def is_open(self) -> bool:
        return self.status in (ChangeStatus.CREATED, ChangeStatus.IN_PROGRESS)


class ProvisionedProduct(Record):
    """`key` is its id, `parent` its name; `changes` are oldest first."""

    kind: ClassVar[str] = "servicecatalog.provisioned_product"
    account: str
    product: str
    artifact: str
    # The template of the last change: versions may be deleted, the product too.
    template: str
    path: str
    launch_role: str
    caller: str
    tags: dict[str, str] = Field(default_factory=dict)
    notification_arns: tuple[str, ...] = ()
    stack_id: str = ""
    message: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def stack_name(self) -> str:
        return f"SC-{self.account}-{self.key}"

    @property
    def last(self) -> Change:
        return self.changes[-1]

    @property
    def is_gone(self) -> bool:
        return self.state == ProductStatus.TERMINATED

    def change(self, key: str) -> Change | None:
        return next((one for one in self.changes if one.id == key), None)


class ProvisionedProductMachine:
    """`stack_begun`, `stack_settled` and `action_failed` move the last change. What comes late, or twice, moves nothing."""

    model = ProvisionedProduct

    def begin(self, product: ProvisionedProduct, change: Change) -> Step[ProvisionedProduct]:
        begun = product.changed(state=ProductStatus.UNDER_CHANGE, message="", changes=(*product.changes, change))
        return Step(begun, actions=(Action("servicecatalog.change_stack", key=change.id, data={"change": change.id}),))

    def advance(self, record: ProvisionedProduct, event: Event, at: float) -> Step[ProvisionedProduct]:
        change = record.last
        if not change.is_open:
            return Step(record)
        match event.name:
            case "stack_begun":
                begun = change.model_copy(update={"status": ChangeStatus.IN_PROGRESS, "updated_at": at})
                return Step(_with(record.changed(stack_id=event.data["stack_id"]), begun))
            case "stack_settled":
                return self._settled(record, event, at)
            case "action_failed":
                return self._end(record, f"{event.data['code']}: {event.data['reason']}", at)
            case _:
                return Step(record)

    def _settled(self, record: ProvisionedProduct, event: Event, at: float) -> Step[ProvisionedProduct]:
        beginnings, success = ENDS[record.last.type]
        status = str(event.data["status"])
        if not status.startswith(beginnings) or _is_of_another(record.last, event):
            return Step(record)
        words = f"Stack {record.stack_name} is {status}. {event.data['reason']}".strip()
        known = record.changed(stack_id=event.data["stack_id"] or record.stack_id)
        return self._end(known, "" if status == success else words, at)

    def _end(self, record: ProvisionedProduct, error: str, at: float) -> Step[ProvisionedProduct]:
        change = record.last
        status = ChangeStatus.FAILED if error else ChangeStatus.SUCCEEDED
        ended = change.model_copy(update={"status": status, "error": error, "updated_at": at})
        gone = change.type is ChangeType.TERMINATE
        state = AFTER_FAILURE[change.type] if error else ProductStatus.TERMINATED if gone else ProductStatus.AVAILABLE
        after = _with(record.changed(state=state, message=error), ended)
        data = {"id": record.key, "record": change.id, "type": change.type, "status": status, "message": error}
        return Step(after, notices=(Notice("servicecatalog.provisioned_product.settled", data),))


def _is_of_another(change: Change, event: Event) -> bool:
    """CloudFormation tells the token of the stack's last change; what this room has seen itself has none, nor has a deletion."""
    return change.type is not ChangeType.TERMINATE and event.data.get("token", change.id) != change.id


def _with(record: ProvisionedProduct, change: Change) -> ProvisionedProduct:
    return record.changed(changes=(*record.changes[:-1], change))


def find_provisioned(tx: Transaction, key: str | None, name: str | None = None) -> ProvisionedProduct:
    """By id or name, of what is not gone. Raises AwsError(ResourceNotFoundException)."""
    found = tx.get(ProvisionedProduct, key) if key else None
    if found is None and name:
        found = next((one for one in tx.all(ProvisionedProduct, parent=name) if not one.is_gone), None)
    if found is None or found.is_gone:
        raise AwsError("ResourceNotFoundException", f"Provisioned product {key or name} not found.")
    return found
