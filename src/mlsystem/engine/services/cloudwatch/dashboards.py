"""Dashboards: checked, and kept as they are given.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.dashboard import check_body, check_name
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_member
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        DeleteDashboardsInputTypeDef,
        GetDashboardInputTypeDef,
        ListDashboardsInputTypeDef,
        PutDashboardInputTypeDef,
    )

PAGES = Paging(1000)


class Dashboard(Record):
    """`key` is the dashboard's name."""

    kind: ClassVar[str] = "cloudwatch.dashboard"
    body: str


class Dashboards(Part):
    """Put, get, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("PutDashboard", accepts="DashboardName DashboardBody")
    def put(self, request: PutDashboardInputTypeDef, call: Call) -> Mapping[str, object]:
        check_name(request["DashboardName"])
        check_body(request["DashboardBody"])
        known = call.tx.get(Dashboard, request["DashboardName"])
        record = Dashboard(key=request["DashboardName"], body=request["DashboardBody"])
        call.tx.put(record if known is None else known.changed(body=record.body))
        return {"DashboardValidationMessages": []}

    @operation("GetDashboard", accepts="DashboardName")
    def get(self, request: GetDashboardInputTypeDef, call: Call) -> Mapping[str, object]:
        found = call.tx.get(Dashboard, request["DashboardName"])
        if found is None:
            raise _missing(request["DashboardName"])
        return {"DashboardArn": self._arn(found.key), "DashboardBody": found.body, "DashboardName": found.key}

    @operation("ListDashboards", accepts="DashboardNamePrefix NextToken")
    def list_dashboards(self, request: ListDashboardsInputTypeDef, call: Call) -> Mapping[str, object]:
        found = call.tx.all(Dashboard, prefix=request.get("DashboardNamePrefix"))
        told = [
            {
                "DashboardName": one.key,
                "DashboardArn": self._arn(one.key),
                "LastModified": datetime.fromtimestamp(one.updated_at, UTC),
                "Size": len(one.body.encode()),
            }
            for one in sorted(found, key=lambda one: one.key)
        ]
        return PAGES.page(told, request, "DashboardEntries", by_member("DashboardName"))

    @operation("DeleteDashboards", accepts="DashboardNames")
    def delete(self, request: DeleteDashboardsInputTypeDef, call: Call) -> Mapping[str, object]:
        missing = [name for name in request["DashboardNames"] if call.tx.get(Dashboard, name) is None]
        if missing:
            raise _missing(missing[0])
        for name in request["DashboardNames"]:
            call.tx.remove(Dashboard, name)
        return {}

    def _arn(self, name: str) -> str:
        return self._house.scope.global_arn("cloudwatch", f"dashboard/{name}")


def _missing(name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"Dashboard {name} does not exist", status=404)
