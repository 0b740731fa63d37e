"""Launching products, changing and ending what was launched: the operations.

https://docs.aws.amazon.com/servicecatalog/latest/dg/API_ProvisionProduct.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.servicecatalog.constraint import launch_role
from mlsystem.engine.services.servicecatalog.listing import retagged
from mlsystem.engine.services.servicecatalog.portfolio import Portfolio, paths_to
from mlsystem.engine.services.servicecatalog.product import Product, find_product
from mlsystem.engine.services.servicecatalog.provisioned_product import (
    Change,
    ChangeType,
    ProductStatus,
    ProvisionedProduct,
    ProvisionedProductMachine,
    find_provisioned,
)
from mlsystem.engine.services.servicecatalog.record_view import record_detail

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        ProvisionProductInputTypeDef,
        TerminateProvisionedProductInputTypeDef,
        UpdateProvisionedProductInputTypeDef,
    )

WHAT = "AcceptLanguage ProductId ProductName ProvisioningArtifactId ProvisioningArtifactName PathId PathName"


class Launching(Part):
    """Provision, update, terminate. A request with a token that was used for the same product already is a repetition."""

    def __init__(self, house: House, machine: ProvisionedProductMachine):
        self._house = house
        self._machine = machine

    @operation(
        "ProvisionProduct",
        accepts=f"{WHAT} ProvisionedProductName ProvisioningParameters Tags NotificationArns ProvisionToken",
    )
    def provision(self, request: ProvisionProductInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        name = given["ProvisionedProductName"]
        for known in call.tx.all(ProvisionedProduct, parent=name):
            if known.changes[0].token == given["ProvisionToken"]:
                return {"RecordDetail": record_detail(known, known.changes[0])}
            if not known.is_gone:
                message = f"A stack with the name {name} already exists: {known.key} is {known.state}."
                raise AwsError("InvalidParametersException", message)
        product = find_product(call.tx, given.get("ProductId"), given.get("ProductName"))
        path = self._path(call, product, given.get("PathId") or given.get("PathName"))
        artifact = product.artifact(given.get("ProvisioningArtifactId") or given.get("ProvisioningArtifactName"))
        key = f"pp-{self._house.new_id(13)}"
        tags = retagged({**path.tags, **product.tags}, given.get("Tags", ()))
        added = call.tx.add(
            ProvisionedProduct(
                key=key,
                parent=name,
                account=self._house.scope.account,
                product=product.key,
                artifact=artifact.id,
                template=artifact.template,
                path=path.key,
                launch_role=launch_role(call.tx, self._house.scope, path.key, product.key),
                caller=call.principal.arn,
                tags={**tags, **self._auto_tags(call, key, product, path, artifact.id)},
                notification_arns=tuple(given.get("NotificationArns", ())),
            )
        )
        parameters = _parameters(given.get("ProvisioningParameters", ()))
        return self._begin(call, added, ChangeType.PROVISION, given["ProvisionToken"], parameters)

    @operation(
        "UpdateProvisionedProduct",
        accepts=f"{WHAT} ProvisionedProductId ProvisionedProductName ProvisioningParameters Tags UpdateToken",
    )
    def update(self, request: UpdateProvisionedProductInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        before = find_provisioned(call.tx, given.get("ProvisionedProductId"), given.get("ProvisionedProductName"))
        if before.last.token == given["UpdateToken"]:
            return {"RecordDetail": record_detail(before, before.last)}
        self._check_idle(before)
        product = find_product(call.tx, given.get("ProductId") or before.product, given.get("ProductName"))
        if product.key != before.product:
            raise NotImplementedHere("servicecatalog:UpdateProvisionedProduct with another product")
        wanted = given.get("ProvisioningArtifactId") or given.get("ProvisioningArtifactName")
        artifact = product.artifact(wanted) if wanted else None
        changed = before.changed(
            artifact=artifact.id if artifact else before.artifact,
            template=artifact.template if artifact else before.template,
            tags=retagged(before.tags, given.get("Tags", ())),
        )
        old = next(one.parameters for one in reversed(before.changes) if one.type is not ChangeType.TERMINATE)
        parameters = _parameters(given.get("ProvisioningParameters", ()), old)
        return self._begin(call, changed, ChangeType.UPDATE, given["UpdateToken"], parameters)

    @operation(
        "TerminateProvisionedProduct",
        accepts="AcceptLanguage ProvisionedProductId ProvisionedProductName TerminateToken",
    )
    def terminate(self, request: TerminateProvisionedProductInputTypeDef, call: Call) -> Mapping[str, object]:
        before = find_provisioned(call.tx, request.get("ProvisionedProductId"), request.get("ProvisionedProductName"))
        if before.last.token == request["TerminateToken"]:
            return {"RecordDetail": record_detail(before, before.last)}
        self._check_idle(before)
        return self._begin(call, before, ChangeType.TERMINATE, request["TerminateToken"], {})

    def _begin(
        self, call: Call, product: ProvisionedProduct, kind: ChangeType, token: str, parameters: dict[str, str]
    ) -> Mapping[str, object]:
        change = Change(
            id=f"rec-{self._house.new_id(13)}",
            type=kind,
            token=token,
            caller=call.principal.arn,
            product=product.product,
            artifact=product.artifact,
            parameters=parameters,
            created_at=call.now,
            updated_at=call.now,
        )
        step = self._machine.begin(product, change)
        self._house.worker.commit_step(call.tx, product, step)
        return {"RecordDetail": record_detail(step.record or product, change)}

    def _path(self, call: Call, product: Product, wanted: str | None) -> Portfolio:
        found = paths_to(call.tx, product.key, call.principal)
        if wanted:
            found = [one for one in found if wanted in (one.path_id, one.name)]
        if not found:
            who = call.principal.arn
            message = f"No launch paths found for resource: {product.key}. Its portfolio must be associated with {who}."
            raise AwsError("ResourceNotFoundException", message)
        if len(found) > 1:
            names = ", ".join(one.path_id for one in found)
            raise AwsError("InvalidParametersException", f"Product {product.key} has the paths {names}: name a PathId.")
        return found[0]

    def _check_idle(self, product: ProvisionedProduct) -> None:
        if product.state == ProductStatus.UNDER_CHANGE:
            message = f"Provisioned product {product.key} is {product.state}: wait for {product.last.id} to end."
            raise AwsError("ValidationException", message)

    def _auto_tags(self, call: Call, key: str, product: Product, path: Portfolio, artifact: str) -> dict[str, str]:
        """https://docs.aws.amazon.com/servicecatalog/latest/adminguide/autotags.html"""
        arn = self._house.scope.arn
        named = {
            "portfolioArn": arn("catalog", f"portfolio/{path.key}"),
            "productArn": arn("catalog", f"product/{product.key}"),
            "provisioningPrincipalArn": call.principal.arn,
            "provisionedProductArn": arn("servicecatalog", f"stack/{key}"),
            "provisioningArtifactIdentifier": artifact,
        }
        return {f"aws:servicecatalog:{name}": value for name, value in named.items()}


def _parameters(given: Iterable[Mapping[str, Any]], old: Mapping[str, str] | None = None) -> dict[str, str]:
    """`old` are those of before, which stay unless others are given: for UsePreviousValue, and for what is not named."""
    wanted = {item["Key"]: str(item.get("Value", "")) for item in given if not item.get("UsePreviousValue")}
    return {**(old or {}), **wanted}
