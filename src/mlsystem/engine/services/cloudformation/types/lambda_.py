"""AWS::Lambda::Function, Version, Alias, Permission."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import (
    ApiType,
    Begun,
    Done,
    Outcome,
    Properties,
    Site,
    is_gone,
)

INLINE_NAMES = {"python": "index.py"}
CODE_MEMBERS = ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri", "ZipFile")


def _code(properties: Properties) -> dict[str, Any]:
    """`ZipFile` in a template is the text of one file."""
    code = {name: properties["Code"][name] for name in CODE_MEMBERS if name in properties["Code"]}
    if "ZipFile" in code:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("index.py"), str(code["ZipFile"]))
        code["ZipFile"] = stream.getvalue()
    return code


def _tags(properties: Properties) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
    return {"Tags": tags} if tags else {}


def _function_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    members = {
        name: value
        for name, value in properties.items()
        if name not in ("Code", "Tags", "ReservedConcurrentExecutions")
    }
    return {"FunctionName": site.made_up_name(64), **members, "Code": _code(properties), **_tags(properties)}


def _finish_function(site: Site, name: str, properties: Properties) -> None:
    if "ReservedConcurrentExecutions" in properties:
        request = {
            "FunctionName": name,
            "ReservedConcurrentExecutions": int(properties["ReservedConcurrentExecutions"]),
        }
        site.call("lambda", "PutFunctionConcurrency", request)


CONFIGURATION = (
    "Description", "Environment", "EphemeralStorage", "FileSystemConfigs", "Handler", "ImageConfig", "LoggingConfig",
    "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig", "VpcConfig",
)  # fmt: skip


def _change_function(site: Site, name: str, old: Properties, new: Properties) -> None:
    configuration = {member: new[member] for member in CONFIGURATION if member in new}
    if any(old.get(member) != new.get(member) for member in CONFIGURATION):
        request = {"FunctionName": name, **configuration}
        site.call("lambda", "UpdateFunctionConfiguration", coerced("lambda", "UpdateFunctionConfiguration", request))
    if old.get("Code") != new.get("Code"):
        site.call("lambda", "UpdateFunctionCode", {"FunctionName": name, **_code(new)})
    _finish_function(site, name, new)


def _function_is_settled(site: Site, verb: str, name: str) -> bool:
    if verb == "delete":
        site.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        return False
    found = site.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
    if found.get("State") == "Failed" or found.get("LastUpdateStatus") == "Failed":
        reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason is given"
        raise AwsError("NotStabilized", f"The function {name} failed: {reason}")
    return bool(found.get("State", "Active") == "Active" and found.get("LastUpdateStatus", "Successful") == "Successful")


FUNCTION = ApiType(
    name="AWS::Lambda::Function",
    service="lambda",
    create_operation="CreateFunction",
    delete_operation="DeleteFunction",
    properties=frozenset(
        {"FunctionName", "Code", "PackageType", "Architectures", "Tags", "ReservedConcurrentExecutions", *CONFIGURATION}
    ),
    required=frozenset({"Code", "Role"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"FunctionName", "PackageType"}),
    arguments=_function_arguments,
    identify=lambda answer, _request: str(answer["FunctionName"]),
    describe=lambda site, name: {"Arn": site.house.scope.arn("lambda", f"function:{name}")},
    delete_request=lambda name, _properties: {"FunctionName": name},
    change=_change_function,
    finish=_finish_function,
    is_settled=_function_is_settled,
)


def _function_name(arn_or_name: str) -> str:
    """A function's name, from its name or its ARN with or without a qualifier."""
    return arn_or_name.split(":")[6] if arn_or_name.startswith("arn:") else arn_or_name.split(":", maxsplit=1)[0]


VERSION = ApiType(
    name="AWS::Lambda::Version",
    service="lambda",
    create_operation="PublishVersion",
    delete_operation="DeleteFunction",
    properties=frozenset({"FunctionName", "CodeSha256", "Description"}),
    required=frozenset({"FunctionName"}),
    attributes=frozenset({"Version", "FunctionArn"}),
    identify=lambda answer, _request: str(answer["FunctionArn"]),
    describe=lambda _site, arn: {"Version": arn.rsplit(":", 1)[-1], "FunctionArn": arn},
    delete_request=lambda arn, _properties: {"FunctionName": _function_name(arn), "Qualifier": arn.rsplit(":", 1)[-1]},
)


class Alias:
    """An alias; with UpdatePolicy CodeDeployLambdaAliasUpdate its traffic is shifted by a deployment, whose end decides.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
    """

    name = "AWS::Lambda::Alias"
    properties = frozenset({"FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"})
    required = frozenset({"FunctionName", "FunctionVersion", "Name"})
    attributes: frozenset[str] | None = frozenset({"AliasArn"})
    immutable = frozenset({"FunctionName", "Name"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        request = coerced("lambda", "CreateAlias", dict(properties))
        return self._done(str(site.call("lambda", "CreateAlias", request)["AliasArn"]))

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        deployment = policy.get("CodeDeployLambdaAliasUpdate")
        is_shift = old.get("FunctionVersion") != new.get("FunctionVersion")
        if deployment and is_shift and not site.is_rollback:
            request = _deployment(old, new, deployment)
            started = site.call("codedeploy", "CreateDeployment", request)
            return Begun(physical_id, {"deployment": started["deploymentId"]})
        request = {"RoutingConfig": {"AdditionalVersionWeights": {}}, **new}
        site.call("lambda", "UpdateAlias", coerced("lambda", "UpdateAlias", request))
        return self._done(physical_id)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        request = {"FunctionName": _function_name(str(properties["FunctionName"])), "Name": properties["Name"]}
        try:
            site.call("lambda", "DeleteAlias", request)
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        found = site.call("codedeploy", "GetDeployment", {"deploymentId": memo["deployment"]})["deploymentInfo"]
        if found["status"] == "Succeeded":
            return self._done(physical_id)
        if found["status"] in ("Failed", "Stopped"):
            words = found.get("errorInformation", {}).get("message", "")
            raise AwsError(
                "DeploymentFailed", f"CodeDeploy deployment {memo['deployment']} is {found['status']}. {words}".strip()
            )
        return None

    def _done(self, arn: str) -> Done:
        return Done(arn, {"AliasArn": arn})


def _deployment(old: Properties, new: Properties, policy: Properties) -> dict[str, Any]:
    """https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html"""
    shift = {
        "Name": _function_name(str(new["FunctionName"])),
        "Alias": new["Name"],
        "CurrentVersion": old["FunctionVersion"],
        "TargetVersion": new["FunctionVersion"],
    }
    hooks = [
        {event: policy[name]}
        for event, name in (
            ("BeforeAllowTraffic", "BeforeAllowTrafficHook"),
            ("AfterAllowTraffic", "AfterAllowTrafficHook"),
        )
        if policy.get(name)
    ]
    content = {
        "version": 0.0,
        "Resources": [{"Function": {"Type": "AWS::Lambda::Function", "Properties": shift}}],
        **({"Hooks": hooks} if hooks else {}),
    }
    return {
        "applicationName": policy["ApplicationName"],
        "deploymentGroupName": policy["DeploymentGroupName"],
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}},
    }


def _permission_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "StatementId": site.made_up_name(100)}


def _permission_delete(statement: str, properties: Properties) -> dict[str, Any]:
    function = str(properties["FunctionName"])
    parts = function.split(":")
    qualifier = parts[7] if function.startswith("arn:") and len(parts) > 7 else None
    return {
        "FunctionName": _function_name(function),
        "StatementId": statement,
        **({"Qualifier": qualifier} if qualifier else {}),
    }


PERMISSION = ApiType(
    name="AWS::Lambda::Permission",
    service="lambda",
    create_operation="AddPermission",
    delete_operation="RemovePermission",
    properties=frozenset({"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"}),
    required=frozenset({"Action", "FunctionName", "Principal"}),
    attributes=frozenset({"Id"}),
    arguments=_permission_arguments,
    identify=lambda _answer, request: str(request["StatementId"]),
    describe=lambda _site, statement: {"Id": statement},
    delete_request=_permission_delete,
)
