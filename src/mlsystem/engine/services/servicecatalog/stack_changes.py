"""Has CloudFormation make, change and delete the stacks of provisioned products. Every action may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.servicecatalog.provisioned_product import (
    Change,
    ChangeType,
    ProvisionedProduct,
    ProvisionedProductMachine,
)
from mlsystem.engine.store.database import Transaction

SESSION = "servicecatalog"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
GONE = {"StackId": "", "StackStatus": "DELETE_COMPLETE"}
OPERATIONS = {ChangeType.PROVISION: "CreateStack", ChangeType.UPDATE: "UpdateStack"}


class StackChanges(Part):
    """A change is CloudFormation's token for it, so that a repetition changes nothing."""

    def __init__(self, house: House, machine: ProvisionedProductMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"servicecatalog.change_stack": self._change}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudformation.stack.settled": self._on_settled}

    def _on_settled(self, tx: Transaction, topic: str, data: Json) -> None:
        prefix, _, key = str(data["name"]).partition(f"SC-{self._house.scope.account}-")
        if not prefix and key:
            told = {**data, "reason": self._why(data["stack_id"], data["status"])}
            self._house.worker.send(tx, ProvisionedProduct, key, Event("stack_settled", told))

    def _change(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            product = tx.get(ProvisionedProduct, call.owner_key)
        change = product.change(call.data["change"]) if product else None
        if product is None or change is None or not change.is_open:
            return None
        try:
            stack = self._terminate(product) if change.type is ChangeType.TERMINATE else self._write(product, change)
        except AwsError as error:
            if error.status is not None and error.status >= 500 and error.status != 501:
                raise
            raise ActionFailed(error.message, error.code) from error
        stack_id, status = stack["StackId"], stack["StackStatus"]
        # What settled before this action was through has been announced to nobody who waited for it.
        settled = not status.endswith("_IN_PROGRESS")
        told = {"stack_id": stack_id, "status": status, "reason": self._why(stack_id, status) if settled else ""}
        return Event("stack_settled" if settled else "stack_begun", told)

    def _write(self, product: ProvisionedProduct, change: Change) -> Mapping[str, Any]:
        principal = self._principal(product, change)
        self._demand_template(principal, change)
        request = {
            "StackName": product.stack_name,
            "TemplateBody": product.template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in change.parameters.items()],
            "Capabilities": CAPABILITIES,
            "Tags": [{"Key": key, "Value": value} for key, value in product.tags.items() if not key.startswith("aws:")],
            "NotificationARNs": list(product.notification_arns),
            "ClientRequestToken": change.id,
        }
        try:
            self._house.call("cloudformation", OPERATIONS[change.type], request, principal)
        except AwsError as error:
            if "No updates are to be performed" not in error.message:
                raise
            return {"StackId": product.stack_id, "StackStatus": "UPDATE_COMPLETE"}
        return self._stack(product)

    def _terminate(self, product: ProvisionedProduct) -> Mapping[str, Any]:
        stack = self._stack(product)
        if not stack["StackStatus"].startswith("DELETE_") or stack["StackStatus"] == "DELETE_FAILED":
            principal = self._principal(product, product.last)
            self._house.call("cloudformation", "DeleteStack", {"StackName": stack["StackId"]}, principal)
            stack = self._stack(product)
        return stack

    def _stack(self, product: ProvisionedProduct) -> Mapping[str, Any]:
        """As Service Catalog itself sees it; one that was never made is as good as deleted."""
        request = {"StackName": product.stack_id or product.stack_name}
        try:
            found: Mapping[str, Any] = self._house.call("cloudformation", "DescribeStacks", request)["Stacks"][0]
        except AwsError as error:
            if "does not exist" not in error.message:
                raise
            return GONE
        return found

    def _why(self, stack_id: str, status: str) -> str:
        """What failed first in the change that has ended, in CloudFormation's words; empty where nothing did."""
        if not stack_id or ("ROLLBACK" not in status and "FAILED" not in status):
            return ""
        events = self._house.call("cloudformation", "DescribeStackEvents", {"StackName": stack_id})["StackEvents"]
        why = ""
        for event in events:
            reason = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and reason and "cancelled" not in reason:
                why = f"{event['LogicalResourceId']}: {reason}"
            if reason == "User Initiated":
                break
        return why

    def _principal(self, product: ProvisionedProduct, change: Change) -> Principal:
        """The launch role, else whoever asked for the change."""
        if product.launch_role:
            return self._house.session_of(product.launch_role, SESSION, "servicecatalog")
        return Principal(change.caller, self._house.scope.account)

    def _demand_template(self, principal: Principal, change: Change) -> None:
        """CloudFormation fetches Service Catalog's own copy of the template with the rights of whoever launches.

        https://docs.aws.amazon.com/servicecatalog/latest/adminguide/getstarted-deploy.html
        """
        scope = self._house.scope
        copy = f"arn:{scope.partition}:s3:::sc-{scope.account}-{scope.region}/{change.product}/{change.artifact}"
        tag = {"s3:existingobjecttag/servicecatalog:provisioning": ("true",)}
        self._house.demand("servicecatalog", principal, Requirement("s3:GetObject", copy, tag))
