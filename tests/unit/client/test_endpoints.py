"""A project's endpoints are told apart from those of others, also where a model has the same name; and production from what is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.endpoints import Endpoints
from mlsystem.client.errors import NotFound
from mlsystem.client.project import Project

AT = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = Project(Path(), {"project": {"prefix": "mls", "name": "demo", "model_name": "flights"}})
OWNERS = {"mls-flights-new-prd": "mls-demo", "mls-flights-old-prd": "mls-demo", "mls-flights-x-prd": "mls-twin"}
NAMES = [*OWNERS, "mls-demo-dev", "somebody-elses"]


class Account:
    """With these endpoints; production's API asks the newest, if there is one."""

    def __init__(self, *, is_deployed: bool = True):
        self.is_deployed = is_deployed

    def client(self, _service: str) -> Account:
        return self

    def list_endpoints(self, NameContains: str = "", **_: object) -> dict[str, Any]:
        about = {"EndpointStatus": "InService", "CreationTime": AT, "LastModifiedTime": AT}
        return {"Endpoints": [{"EndpointName": name, **about} for name in NAMES if NameContains in name]}

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in NAMES:
            message = f'Could not find endpoint "{EndpointName}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")
        about = {"EndpointStatus": "InService", "CreationTime": AT, "LastModifiedTime": AT}
        return {"EndpointName": EndpointName, "EndpointArn": EndpointName, **about}

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": "Project", "Value": OWNERS[ResourceArn]}]}

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        outputs = [{"OutputKey": "ApiFunctionName", "OutputValue": "f"}] if self.is_deployed else []
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}

    def get_alias(self, **_: object) -> dict[str, Any]:
        return {"FunctionVersion": "2"}

    def get_function_configuration(self, **_: object) -> dict[str, Any]:
        return {"Environment": {"Variables": {"ENDPOINT_NAME": "mls-flights-new-prd"}}}


def of(account: Account) -> Endpoints:
    return Endpoints(cast(Connection, account), PROJECT)


def test_production_comes_first_then_what_is_kept_then_dev_and_nothing_of_another_project() -> None:
    found = of(Account()).own()
    assert [(one.name, one.stage, one.traffic) for one in found] == [
        ("mls-flights-new-prd", "production", 1),
        ("mls-flights-old-prd", "retained", None),
        ("mls-demo-dev", "dev", None),
    ]


def test_before_production_was_deployed_nothing_has_traffic() -> None:
    assert {one.traffic for one in of(Account(is_deployed=False)).own()} == {None}


def test_endpoints_of_others_are_listed_apart() -> None:
    endpoints = of(Account())
    assert [one.name for one in endpoints.others(endpoints.own()).endpoints] == ["mls-flights-x-prd", "somebody-elses"]


def test_an_endpoint_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound, match="no endpoint mls-flights-gone-prd"):
        of(Account()).find("mls-flights-gone-prd")
