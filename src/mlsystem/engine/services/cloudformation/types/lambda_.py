"""AWS::Lambda::Function, Version and Permission; aliases are in a file of their own."""

from __future__ import annotations

import io
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
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_map, tagged

CONFIGURATION = (
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "ImageConfig",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)
# What a setting is when the template no longer has it.
WITHOUT: dict[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "FileSystemConfigs": [],
    "ImageConfig": {},
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
RESERVED = "ReservedConcurrentExecutions"
CODE = ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")


def short_name(name: str) -> str:
    """A function's name of its name or ARN, without version or alias."""
    return name.split(":")[6] if name.startswith("arn:") else name.split(":", maxsplit=1)[0]


def _code(properties: Properties) -> dict[str, Any]:
    """`ZipFile` of a template is the text of the one file `index.py`."""
    given = properties.get("Code", {})
    code = {member: given[member] for member in CODE if member in given}
    if "ZipFile" in given:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            # With a fixed time the same text is the same code.
            archive.writestr(zipfile.ZipInfo("index.py"), given["ZipFile"])
        code["ZipFile"] = content.getvalue()
    return code


class Function:
    """Code and configuration are changed one after the other: Lambda takes one change at a time."""

    name = "AWS::Lambda::Function"
    properties = frozenset({"FunctionName", "Code", "PackageType", "Architectures", "Tags", RESERVED, *CONFIGURATION})
    required = frozenset({"Code", "Role"})
    attributes: frozenset[str] | None = frozenset({"Arn"})
    immutable = frozenset({"FunctionName", "PackageType"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        name = str(properties.get("FunctionName") or site.made_up_name(64))
        members = ("PackageType", "Architectures", *CONFIGURATION)
        request: dict[str, Any] = {member: properties[member] for member in members if member in properties}
        request.update(FunctionName=name, Code=_code(properties))
        request = tagged(request, "Tags", tag_map(site, properties))
        site.call("lambda", "CreateFunction", coerced("lambda", "CreateFunction", request))
        self._reserve(site, name, {}, properties)
        return self.look(site, "create", name, {}) or Begun(name)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        self._retag(site, physical_id, old, new)
        self._reserve(site, physical_id, old, new)
        is_new_code = old.get("Code") != new.get("Code") or old.get("Architectures") != new.get("Architectures")
        memo = {"code": dict(new["Code"]), "architectures": new.get("Architectures")} if is_new_code else {}
        changed = {
            member: new.get(member, WITHOUT.get(member))
            for member in CONFIGURATION
            if old.get(member) != new.get(member) and (member in new or member in WITHOUT)
        }
        if changed:
            request = coerced("lambda", "UpdateFunctionConfiguration", {"FunctionName": physical_id, **changed})
            site.call("lambda", "UpdateFunctionConfiguration", request)
        return self.look(site, "update", physical_id, memo) or Begun(physical_id, memo)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            site.call("lambda", "DeleteFunction", {"FunctionName": physical_id})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        """`memo` has the code that is still to be given to it."""
        found = site.call("lambda", "GetFunctionConfiguration", {"FunctionName": physical_id})
        if found.get("LastUpdateStatus") == "Failed" or found["State"] == "Failed":
            reason = found.get("LastUpdateStatusReason") or found.get("StateReason") or "its code cannot be run"
            raise AwsError("NotStabilized", f"The function {physical_id} failed: {reason}")
        if found["State"] == "Pending" or found.get("LastUpdateStatus") == "InProgress":
            return None
        if not memo:
            return Done(physical_id, {"Arn": found["FunctionArn"]})
        request = {"FunctionName": physical_id, **_code({"Code": memo["code"]})}
        if memo.get("architectures"):
            request["Architectures"] = memo["architectures"]
        site.call("lambda", "UpdateFunctionCode", coerced("lambda", "UpdateFunctionCode", request))
        return Begun(physical_id)

    def _reserve(self, site: Site, name: str, old: Properties, new: Properties) -> None:
        if RESERVED in new:
            request = coerced("lambda", "PutFunctionConcurrency", {"FunctionName": name, RESERVED: new[RESERVED]})
            site.call("lambda", "PutFunctionConcurrency", request)
        elif RESERVED in old:
            site.call("lambda", "DeleteFunctionConcurrency", {"FunctionName": name})

    def _retag(self, site: Site, name: str, old: Properties, new: Properties) -> None:
        arn = site.house.scope.arn("lambda", f"function:{name}")
        if tags := tag_map(site, new):
            site.call("lambda", "TagResource", {"Resource": arn, "Tags": tags})
        if gone := gone_tags(site, old, new):
            site.call("lambda", "UntagResource", {"Resource": arn, "TagKeys": gone})


# ------------------------------------------------------------------ versions
class Version:
    """A version is published once; nothing of it can change."""

    name = "AWS::Lambda::Version"
    properties = frozenset({"FunctionName", "CodeSha256", "Description"})
    required = frozenset({"FunctionName"})
    attributes: frozenset[str] | None = frozenset({"Version", "FunctionArn"})
    immutable = properties
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        """PublishVersion answers with the last version when nothing has changed since; that one belongs to somebody else."""
        name = short_name(str(properties["FunctionName"]))
        known = self._numbers(site, name)
        request = {**properties, "FunctionName": name}
        found = site.call("lambda", "PublishVersion", coerced("lambda", "PublishVersion", request))
        if found["Version"] in known:
            raise AwsError(
                "AlreadyExists",
                f"A version for this Lambda function exists ( {found['Version']} ). Modify the function to create a new version.",
            )
        arn = site.house.scope.arn("lambda", f"function:{name}:{found['Version']}")
        return Done(arn, {"Version": found["Version"], "FunctionArn": arn})

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        """Only where it is not known how an update ended: then there is nothing to give back."""
        return Done(physical_id, {"Version": physical_id.rsplit(":", 1)[-1], "FunctionArn": physical_id})

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        function, version = physical_id.rsplit(":", 1)
        try:
            site.call("lambda", "DeleteFunction", {"FunctionName": short_name(function), "Qualifier": version})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _numbers(self, site: Site, name: str) -> set[str]:
        numbers: set[str] = set()
        request: dict[str, Any] = {"FunctionName": name}
        while True:
            answer = site.call("lambda", "ListVersionsByFunction", request)
            numbers.update(item["Version"] for item in answer["Versions"])
            if "NextMarker" not in answer:
                return numbers
            request["Marker"] = answer["NextMarker"]


# ------------------------------------------------------------------ permissions
def _permission(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "StatementId": site.made_up_name(100)}


PERMISSION = ApiType(
    name="AWS::Lambda::Permission",
    service="lambda",
    create_operation="AddPermission",
    delete_operation="RemovePermission",
    properties=frozenset({"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID"}),
    required=frozenset({"Action", "FunctionName", "Principal"}),
    attributes=frozenset({"Id"}),
    arguments=_permission,
    identify=lambda _answer, request: str(request["StatementId"]),
    describe=lambda _site, statement: {"Id": statement},
    delete_request=lambda statement, properties: {
        "FunctionName": properties["FunctionName"],
        "StatementId": statement,
    },
)
