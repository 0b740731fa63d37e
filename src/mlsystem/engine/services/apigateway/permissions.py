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
API_KEYS = ROOT + "apikeys"
API_KEY = API_KEYS + "/${apiKey}"
USAGE_PLANS = ROOT + "usageplans"
USAGE_PLAN = USAGE_PLANS + "/${usagePlanId}"
USAGE_PLAN_KEYS = USAGE_PLAN + "/keys"


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
        # API keys
        "CreateApiKey": [on(API_KEYS, action="POST"), TAGGED],
        "GetApiKeys": [on(API_KEYS, action="GET")],
        "GetApiKey": [on(API_KEY, action="GET")],
        "UpdateApiKey": [on(API_KEY, action="PATCH")],
        "DeleteApiKey": [on(API_KEY, action="DELETE")],
        # usage plans
        "CreateUsagePlan": [on(USAGE_PLANS, action="POST"), TAGGED],
        "GetUsagePlans": [on(USAGE_PLANS, action="GET")],
        "GetUsagePlan": [on(USAGE_PLAN, action="GET")],
        "UpdateUsagePlan": [on(USAGE_PLAN, action="PATCH")],
        "DeleteUsagePlan": [on(USAGE_PLAN, action="DELETE")],
        "CreateUsagePlanKey": [on(USAGE_PLAN_KEYS, action="POST")],
        "GetUsagePlanKeys": [on(USAGE_PLAN_KEYS, action="GET")],
        "GetUsagePlanKey": [on(USAGE_PLAN_KEYS + "/${keyId}", action="GET")],
        "DeleteUsagePlanKey": [on(USAGE_PLAN_KEYS + "/${keyId}", action="DELETE")],
        # tags
        "GetTags": [on(tags, action="GET")],
        "TagResource": [on(tags, action="PUT")],
        "UntagResource": [on(tags, action="DELETE")],
    },
)
