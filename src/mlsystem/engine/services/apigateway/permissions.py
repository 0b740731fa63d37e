"""What API Gateway's operations ask: the actions are HTTP methods, the resources paths of its own API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from mlsystem.engine.permission import Asked, Permissions, given, on

ROOT = "arn:${Partition}:apigateway:${Region}::/"
APIS = ROOT + "restapis"
API = APIS + "/${restApiId}"
DEPLOYMENTS = API + "/deployments"
DEPLOYMENT = DEPLOYMENTS + "/${deploymentId}"
STAGES = API + "/stages"
STAGE = STAGES + "/${stageName}"
RESOURCES = API + "/resources"


def tags(asked: Asked) -> Iterator[str]:
    """Named by the ARN of what is tagged, percent-encoded; that is not known yet of what is being made."""
    arn = asked.request.get("resourceArn")
    yield from asked.arns(ROOT + "tags/" + (quote(arn, safe="") if arn else "*"))


TAGGED = given("tags", on(tags, action="PUT"))

PERMISSIONS = Permissions(
    "apigateway",
    {
        # APIs
        "CreateRestApi": [on(APIS, action="POST"), TAGGED],
        "ImportRestApi": [on(APIS, action="POST")],
        "GetRestApis": [on(APIS, action="GET")],
        "GetRestApi": [on(API, action="GET")],
        "PutRestApi": [on(API, action="PUT")],
        "UpdateRestApi": [on(API, action="PATCH")],
        "DeleteRestApi": [on(API, action="DELETE")],
        "GetResources": [on(RESOURCES, action="GET")],
        "GetResource": [on(RESOURCES + "/${resourceId}", action="GET")],
        # deployments
        "CreateDeployment": [on(DEPLOYMENTS, action="POST")],
        "GetDeployments": [on(DEPLOYMENTS, action="GET")],
        "GetDeployment": [on(DEPLOYMENT, action="GET")],
        "UpdateDeployment": [on(DEPLOYMENT, action="PATCH")],
        "DeleteDeployment": [on(DEPLOYMENT, action="DELETE")],
        # stages
        "CreateStage": [on(STAGES, action="POST"), TAGGED],
        "GetStages": [on(STAGES, action="GET")],
        "GetStage": [on(STAGE, action="GET")],
        "UpdateStage": [on(STAGE, action="PATCH")],
        "DeleteStage": [on(STAGE, action="DELETE")],
        # tags
        "GetTags": [on(tags, action="GET")],
        "TagResource": [on(tags, action="PUT")],
        "UntagResource": [on(tags, action="DELETE")],
    },
)
