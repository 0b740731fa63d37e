"""What is told of provisioned products, their outputs and records. Everybody in the account sees all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, by_creation, by_member
from mlsystem.engine.services.servicecatalog.listing import PAGES, tag_list
from mlsystem.engine.services.servicecatalog.provisioned_product import Change, ProvisionedProduct, find_provisioned
from mlsystem.engine.services.servicecatalog.record_view import product_detail, record_detail
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        DescribeProvisionedProductInputTypeDef,
        DescribeRecordInputTypeDef,
        GetProvisionedProductOutputsInputTypeDef,
        ListRecordHistoryInputTypeDef,
        ScanProvisionedProductsInputTypeDef,
        SearchProvisionedProductsInputTypeDef,
    )

STACK_OUTPUT = {"OutputKey": "CloudformationStackARN", "Description": "The ARN of the launched Cloudformation Stack"}


class ProvisionedProducts(Part):
    """Describe, search, outputs, records."""

    def __init__(self, house: House):
        self._house = house

    @operation("DescribeProvisionedProduct", accepts="AcceptLanguage Id Name")
    def describe(self, request: DescribeProvisionedProductInputTypeDef, call: Call) -> Mapping[str, object]:
        found = find_provisioned(call.tx, request.get("Id"), request.get("Name"))
        return {"ProvisionedProductDetail": product_detail(found, self._house.scope), "CloudWatchDashboards": []}

    @operation("ScanProvisionedProducts", mode="read", accepts="AcceptLanguage AccessLevelFilter PageToken PageSize")
    def scan(self, request: ScanProvisionedProductsInputTypeDef, call: Call) -> Mapping[str, object]:
        found = self._living(call.tx)
        return PAGES.page(
            found,
            request,
            "ProvisionedProducts",
            by_creation,
            lambda one: product_detail(one, self._house.scope),
            descending=True,
        )

    @operation("SearchProvisionedProducts", accepts="AcceptLanguage AccessLevelFilter Filters PageToken PageSize")
    def search(self, request: SearchProvisionedProductsInputTypeDef, call: Call) -> Mapping[str, object]:
        wanted: Any = request.get("Filters", {})
        if set(wanted) - {"SearchQuery"}:
            raise AwsError("InvalidParametersException", "The one filter is SearchQuery, a list of `member:value`.")
        found = [(one, self._attributes(one)) for one in self._living(call.tx)]
        queries = wanted.get("SearchQuery", ())
        kept = [one for one in found if all(_matches(one[1], query) for query in queries)]
        paged = PAGES.page(
            kept, request, "ProvisionedProducts", lambda one: by_creation(one[0]), lambda one: one[1], descending=True
        )
        return {**paged, "TotalResultsCount": len(kept)}

    @operation(
        "GetProvisionedProductOutputs",
        accepts="AcceptLanguage ProvisionedProductId ProvisionedProductName OutputKeys PageToken PageSize",
    )
    def outputs(self, request: GetProvisionedProductOutputsInputTypeDef, call: Call) -> Mapping[str, object]:
        found = find_provisioned(call.tx, request.get("ProvisionedProductId"), request.get("ProvisionedProductName"))
        told = self._outputs(found)
        keys = set(request.get("OutputKeys", ()))
        unknown = sorted(keys - {item["OutputKey"] for item in told})
        if unknown:
            raise AwsError("InvalidParametersException", f"Provisioned product {found.key} has no output {unknown[0]}.")
        wanted = sorted((item for item in told if not keys or item["OutputKey"] in keys), key=by_member("OutputKey"))
        return PAGES.page(wanted, request, "Outputs", by_member("OutputKey"))

    @operation("DescribeRecord", accepts="AcceptLanguage Id PageToken PageSize")
    def record(self, request: DescribeRecordInputTypeDef, call: Call) -> Mapping[str, object]:
        for product in call.tx.all(ProvisionedProduct):
            change = product.change(request["Id"])
            if change is not None:
                told = [] if product.is_gone else self._outputs(product)
                return {"RecordDetail": record_detail(product, change), **_record_outputs(told, request)}
        raise AwsError("ResourceNotFoundException", f"Record {request['Id']} not found.")

    @operation("ListRecordHistory", accepts="AcceptLanguage AccessLevelFilter SearchFilter PageToken PageSize")
    def history(self, request: ListRecordHistoryInputTypeDef, call: Call) -> Mapping[str, object]:
        wanted: Any = request.get("SearchFilter", {})
        member = {"product": "product", "provisionedproduct": "key"}.get(wanted.get("Key", ""))
        if wanted and member is None:
            raise AwsError("InvalidParametersException", "The Key of a SearchFilter is product or provisionedproduct.")
        found = [
            (one, change)
            for one in call.tx.all(ProvisionedProduct)
            if member is None or getattr(one, member) == wanted.get("Value")
            for change in one.changes
        ]
        found.sort(key=_by_change, reverse=True)
        return PAGES.page(
            found, request, "RecordDetails", _by_change, lambda item: record_detail(*item), descending=True
        )

    def _living(self, tx: Transaction) -> list[ProvisionedProduct]:
        return [one for one in tx.all(ProvisionedProduct, newest_first=True) if not one.is_gone]

    def _attributes(self, product: ProvisionedProduct) -> dict[str, Any]:
        told = product_detail(product, self._house.scope)
        told.pop("LaunchRoleArn", None)
        more = {"PhysicalId": product.stack_id, "Tags": tag_list(product.tags), "UserArn": product.caller}
        return {**told, **more, "UserArnSession": product.caller}

    def _outputs(self, product: ProvisionedProduct) -> Sequence[Mapping[str, str]]:
        """Those of the stack, and the stack's own ARN."""
        if not product.stack_id:
            return []
        stack = self._house.call("cloudformation", "DescribeStacks", {"StackName": product.stack_id})["Stacks"][0]
        members = ("OutputKey", "OutputValue", "Description")
        told = [{name: item[name] for name in members if name in item} for item in stack.get("Outputs", ())]
        return [{**STACK_OUTPUT, "OutputValue": product.stack_id}, *told]


def _matches(told: Mapping[str, Any], query: str) -> bool:
    """`name:demo`, `id:pp-…`, `productId:…`, `status:AVAILABLE`; a query without a member looks at the name."""
    member, separator, value = query.partition(":")
    if not separator:
        return query in str(told["Name"])
    names = {name.lower(): str(text) for name, text in told.items()}
    return names.get(member.lower()) == value


def _by_change(item: tuple[ProvisionedProduct, Change]) -> Mark:
    return (item[1].created_at, item[1].id)


def _record_outputs(told: Sequence[Mapping[str, object]], request: DescribeRecordInputTypeDef) -> dict[str, object]:
    outputs = sorted(told, key=by_member("OutputKey"))
    return PAGES.page(outputs, request, "RecordOutputs", by_member("OutputKey"))
