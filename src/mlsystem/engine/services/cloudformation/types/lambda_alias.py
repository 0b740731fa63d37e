"""AWS::Lambda::Alias, which goes to a new version all at once, or step by step through CodeDeploy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import Begun, Done, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.types.lambda_ import short_name

POLICY = "CodeDeployLambdaAliasUpdate"
HOOKS = {"BeforeAllowTrafficHook": "BeforeAllowTraffic", "AfterAllowTrafficHook": "AfterAllowTraffic"}
ENDED_BADLY = ("Failed", "Stopped")


def appspec(function: str, alias: str, current: str, target: str, policy: Mapping[str, Any]) -> str:
    """What CodeDeploy is told to do. `policy` is the CodeDeployLambdaAliasUpdate with its hooks."""
    described = {"Name": function, "Alias": alias, "CurrentVersion": current, "TargetVersion": target}
    document: dict[str, Any] = {
        "version": 0.0,
        "Resources": [{alias: {"Type": "AWS::Lambda::Function", "Properties": described}}],
    }
    hooks = [{event: policy[member]} for member, event in HOOKS.items() if policy.get(member)]
    return json.dumps({**document, "Hooks": hooks} if hooks else document)


class Alias:
    """A creation, and a rollback, set the alias at once: there is nothing to shift to, or no time to lose."""

    name = "AWS::Lambda::Alias"
    properties = frozenset({"FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig"})
    required = frozenset({"FunctionName", "Name", "FunctionVersion"})
    attributes: frozenset[str] | None = frozenset({"AliasArn"})
    immutable = frozenset({"FunctionName", "Name"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        request = coerced("lambda", "CreateAlias", self._request(properties))
        return self._done(str(site.call("lambda", "CreateAlias", request)["AliasArn"]))

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        deploys = policy.get(POLICY)
        known = {"FunctionName": short_name(str(new["FunctionName"])), "Name": new["Name"]}
        current = site.call("lambda", "GetAlias", known)["FunctionVersion"]
        target = str(new["FunctionVersion"])
        if deploys and not site.is_rollback and current != target:
            return Begun(physical_id, {"deployment": self._deploy(site, known, current, target, deploys)})
        self._set(site, new)
        return self._done(physical_id)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        name = {"FunctionName": short_name(physical_id), "Name": physical_id.rsplit(":", 1)[-1]}
        try:
            site.call("lambda", "DeleteAlias", name)
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        found = site.call("codedeploy", "GetDeployment", {"deploymentId": memo["deployment"]})["deploymentInfo"]
        if found["status"] in ENDED_BADLY:
            error = found.get("errorInformation", {})
            reason = f"CodeDeploy deployment {memo['deployment']} {found['status'].lower()}: {error.get('message', '')}"
            raise AwsError(error.get("code", "DeploymentFailed"), reason.rstrip(": "))
        return self._done(physical_id) if found["status"] == "Succeeded" else None

    def cancel(self, site: Site, physical_id: str, memo: Mapping[str, Any]) -> None:
        """The stack turns round: the traffic goes back, instead of on."""
        try:
            request = {"deploymentId": memo["deployment"], "autoRollbackEnabled": True}
            site.call("codedeploy", "StopDeployment", request)
        except AwsError as error:
            if error.code != "DeploymentAlreadyCompletedException":
                raise

    def _deploy(
        self, site: Site, alias: Mapping[str, Any], current: str, target: str, policy: Mapping[str, Any]
    ) -> str:
        content = appspec(alias["FunctionName"], alias["Name"], current, target, policy)
        text = {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()}
        request = {
            "applicationName": policy["ApplicationName"],
            "deploymentGroupName": policy["DeploymentGroupName"],
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": text},
            "description": f"Stack {site.stack_name}, {site.logical_id}",
        }
        return str(site.call("codedeploy", "CreateDeployment", request)["deploymentId"])

    def _set(self, site: Site, properties: Properties) -> None:
        request = {"Description": "", "RoutingConfig": {"AdditionalVersionWeights": {}}, **self._request(properties)}
        site.call("lambda", "UpdateAlias", coerced("lambda", "UpdateAlias", request))

    def _request(self, properties: Properties) -> dict[str, Any]:
        request = {name: properties[name] for name in ("Name", "FunctionVersion", "Description") if name in properties}
        request["FunctionName"] = short_name(str(properties["FunctionName"]))
        if "RoutingConfig" in properties:
            weights = properties["RoutingConfig"].get("AdditionalVersionWeights", ())
            # A list in the template, a map in the API.
            shares = {item["FunctionVersion"]: item["FunctionWeight"] for item in weights}
            request["RoutingConfig"] = {"AdditionalVersionWeights": shares}
        return request

    def _done(self, arn: str) -> Done:
        return Done(arn, {"AliasArn": arn})
