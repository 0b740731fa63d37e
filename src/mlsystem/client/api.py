"""The API in front of production: where it is, what it takes, who may call it, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.project import Project

API, STAGE = "Api", "Prod"  # in the template of production


@dataclass(frozen=True)
class Method:
    """`auth` says what a caller must bring: NONE, API_KEY or IAM."""

    verb: str
    path: str
    auth: str


@dataclass(frozen=True)
class ApiView:
    """`stages` are the names of those it has; the throttles are of the one that serves, None where there are none.

    `key_id` names the API key, which never comes along.
    """

    url: str
    id: str
    name: str
    stages: tuple[str, ...]
    methods: tuple[Method, ...]
    auth: str
    requests_per_second: float | None
    burst: int | None
    key_id: str


def find_api(connection: Connection, project: Project) -> ApiView | None:
    """None where production was never deployed."""
    stack = _stack(connection, project.deployed_stack("prd"))
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
    if "ApiUrl" not in outputs:
        return None
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())}
    cloudformation, gateway = connection.client("cloudformation"), connection.client("apigateway")
    resource = cloudformation.describe_stack_resource(StackName=stack["StackName"], LogicalResourceId=API)
    identity = resource["StackResourceDetail"]["PhysicalResourceId"]
    stages = gateway.get_stages(restApiId=identity)["item"]
    serving: Mapping[str, Any] = next((one for one in stages if one["stageName"] == STAGE), {})
    limits = serving.get("methodSettings", {}).get("*/*", {})
    return ApiView(
        url=connection.reachable(outputs["ApiUrl"]),
        id=identity,
        name=f"{project.pipeline}-api",
        stages=tuple(one["stageName"] for one in stages),
        methods=tuple(_methods(gateway.get_resources(restApiId=identity, embed=["methods"], limit=100)["items"])),
        auth=parameters.get("ApiAuth", "NONE"),
        requests_per_second=limits.get("throttlingRateLimit"),
        burst=limits.get("throttlingBurstLimit"),
        key_id=outputs.get("ApiKeyId", ""),
    )


def _stack(connection: Connection, name: str) -> dict[str, Any]:
    """Empty where there is none."""
    try:
        return dict(connection.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return {}
        raise


def _methods(resources: list[dict[str, Any]]) -> list[Method]:
    return [
        Method(verb, resource["path"], _auth(method))
        for resource in resources
        for verb, method in sorted(resource.get("resourceMethods", {}).items())
    ]


def _auth(method: Mapping[str, Any]) -> str:
    if method.get("apiKeyRequired"):
        return "API_KEY"
    return "IAM" if method.get("authorizationType") == "AWS_IAM" else str(method.get("authorizationType", "NONE"))
