"""Endpoints of an account: those of a project with what they do there, and the others.

Which belong to a project their names say, as its stacks make them: one of the dev stage, and one for each release that is kept. Two
projects may have a model of the same name, so a release's tags must name the project too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Endpoint, Stage, read_endpoint
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.releases import ALIAS
from mlsystem.client.stack import Stack

PAGE = 25
AT_ONCE = 4
TAG = "Project"
GONE = "Could not find"


@dataclass(frozen=True)
class Listed:
    """An endpoint of the account as a list tells of it."""

    name: str
    status: str
    created: datetime
    modified: datetime


@dataclass(frozen=True)
class Others:
    """Endpoints that are not the project's, newest first. `token` leads to older ones."""

    endpoints: tuple[Listed, ...]
    token: str


class Endpoints:
    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._project = project
        self._sagemaker = connection.client("sagemaker")

    def own(self) -> list[Endpoint]:
        """Of the project: production first, then retained releases, newest first, then dev."""
        served = self._served()
        names = [one["EndpointName"] for one in self._list(NameContains=self._release_prefix)["Endpoints"]]
        names = [name for name in dict.fromkeys([*served, *names, self._dev]) if self.is_own(name)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [one for one in pool.map(lambda name: self._own(name, served), names) if one is not None]
        order = ("production", "retained", "dev")
        return sorted(found, key=lambda one: (order.index(one.stage), -one.created.timestamp()))

    def others(self, own: Collection[Endpoint], token: str = "") -> Others:
        """Those beside the project's `own`."""
        names = {one.name for one in own}
        answer = self._list(**({"NextToken": token} if token else {}))
        found = [one for one in answer["Endpoints"] if one["EndpointName"] not in names]
        listed = (
            Listed(one["EndpointName"], one["EndpointStatus"], one["CreationTime"], one["LastModifiedTime"])
            for one in found
        )
        return Others(tuple(listed), answer.get("NextToken", ""))

    def find(self, name: str) -> Endpoint:
        """Without its traffic. Raises NotFound."""
        found = self._describe(name)
        if found is None:
            raise NotFound(f"there is no endpoint {name}; it may have been removed with its release")
        return self._placed(found, {})

    def with_traffic(self, endpoint: Endpoint) -> Endpoint:
        return self._placed(endpoint, self._served()) if self.is_own(endpoint.name) else endpoint

    def is_own(self, name: str) -> bool:
        """As far as a name can tell."""
        is_release = name.startswith(self._release_prefix) and name.endswith("-prd")
        return name == self._dev or is_release

    # ------------------------------------------------------------------ inner
    @property
    def _dev(self) -> str:
        return f"{self._project.pipeline}-dev"

    @property
    def _release_prefix(self) -> str:
        return f"{self._project.prefix}-{self._project.model_name}-"

    def _list(self, **request: Any) -> dict[str, Any]:
        try:
            return dict(
                self._sagemaker.list_endpoints(
                    SortBy="CreationTime", SortOrder="Descending", MaxResults=PAGE, **request
                )
            )
        except ClientError as error:
            raise ClientFailure(f"the endpoints: {error.response['Error']['Message']}") from error

    def _own(self, name: str, served: Mapping[str, float]) -> Endpoint | None:
        found = self._describe(name)
        if found is None:
            return None
        if name != self._dev and name not in served:
            tags = self._sagemaker.list_tags(ResourceArn=found.arn)["Tags"]
            given = {tag["Key"]: tag["Value"] for tag in tags}
            if given.get(TAG, self._project.pipeline) != self._project.pipeline:
                return None
        return self._placed(found, served)

    def _placed(self, found: Endpoint, served: Mapping[str, float]) -> Endpoint:
        traffic = served.get(found.name)
        stage: Stage = "other"
        if found.name == self._dev:
            stage = "dev"
        elif self.is_own(found.name):
            stage = "production" if traffic else "retained"
        return Endpoint(**{**vars(found), "stage": stage, "traffic": traffic})

    def _served(self) -> dict[str, float]:
        """The share of the API's traffic that each endpoint gets; empty where production was never deployed."""
        function = Stack(self._connection, self._project.deployed_stack("prd")).outputs().get("ApiFunctionName")
        if function is None:
            return {}
        lambdas = self._connection.client("lambda")
        try:
            alias = lambdas.get_alias(FunctionName=function, Name=ALIAS)
            others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            shares = {**others, alias["FunctionVersion"]: 1 - sum(others.values())}
            asked = {
                version: lambdas.get_function_configuration(FunctionName=function, Qualifier=version)
                for version in shares
            }
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return {}
            raise
        names = {version: one["Environment"]["Variables"].get("ENDPOINT_NAME", "") for version, one in asked.items()}
        return {names[version]: share for version, share in shares.items() if names[version]}

    def _describe(self, name: str) -> Endpoint | None:
        try:
            found = self._sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if GONE in error.response["Error"]["Message"]:
                return None
            raise ClientFailure(f"the endpoint {name}: {error.response['Error']['Message']}") from error
        return read_endpoint(found)
