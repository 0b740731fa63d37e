"""What production answers with: the versions of the API function, each with its endpoint, and which of them served when.

A version is one release: its environment names the endpoint and the training job. CodeDeploy moves the alias from one to the next,
and so back again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound, RunFailed
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack

ALIAS = "live"
ALL_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"
UNDER_WAY = ["Created", "Queued", "InProgress", "Baking", "Ready"]
LATEST = "$LATEST"
WORKERS = 8


@dataclass(frozen=True)
class Release:
    """`is_standing`: its endpoint is in service, so traffic can go there. `share` is that of the alias's traffic."""

    version: str
    endpoint: str
    training_job: str
    published: datetime
    is_standing: bool
    share: float


@dataclass(frozen=True)
class Served:
    """What answered from `since` on; `deployment` is empty for what the stack's creation brought."""

    version: str
    since: datetime
    deployment: str


class Releases:
    """Of one project. Raises NotFound where production was never deployed."""

    def __init__(self, connection: Connection, project: Project):
        self._lambda = connection.client("lambda")
        self._codedeploy = connection.client("codedeploy")
        self._sagemaker = connection.client("sagemaker")
        stack = Stack(connection, project.deployed_stack("prd"))
        outputs = stack.outputs()
        if not outputs:
            raise NotFound(f"the stack {stack.name} has put out nothing: production was never deployed")
        self.function = outputs["ApiFunctionName"]
        self.group = {
            "applicationName": outputs["DeploymentApplication"],
            "deploymentGroupName": outputs["DeploymentGroup"],
        }

    def all(self) -> list[Release]:
        """Newest first."""
        shares = self.shares()
        pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=self.function)
        found = [item for page in pages for item in page["Versions"] if item["Version"] != LATEST]
        return [self._release(item, shares) for item in sorted(found, key=lambda item: -int(item["Version"]))]

    def named(self, versions: Iterable[str], shares: Mapping[str, float] | None = None) -> list[Release]:
        """Those of these versions that are there, newest first: all are many after some years. `shares` where they are known."""
        shares = self.shares() if shares is None else shares
        wanted = sorted({int(version) for version in versions}, reverse=True)
        with ThreadPoolExecutor(WORKERS) as pool:
            found = pool.map(lambda version: self._named(str(version), shares), wanted)
            return [release for release in found if release is not None]

    def shares(self) -> dict[str, float]:
        """Of the alias's traffic, by version."""
        alias = self._lambda.get_alias(FunctionName=self.function, Name=ALIAS)
        others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return {**others, alias["FunctionVersion"]: 1 - sum(others.values())}

    def serving_job(self) -> str:
        """The training job of the version that most requests go to."""
        shares = self.shares()
        version = max(shares, key=lambda one: shares[one])
        found = self._lambda.get_function_configuration(FunctionName=self.function, Qualifier=version)
        return str(found.get("Environment", {}).get("Variables", {}).get("TRAINING_JOB_NAME", ""))

    def roll_back(self, to: str | None, reason: str, pause: Callable[[], None]) -> Release:
        """Move all traffic back, at once; the release that serves then.

        A deployment that is under way is stopped, which takes its traffic back. Otherwise the traffic goes to the version `to`, or to
        the newest one before the one that serves. Alarms have no say in it: they may be the reason.
        """
        under_way = self._under_way()
        if under_way:
            if to is not None:
                raise ClientFailure(f"the deployment {under_way} is under way: roll it back first, without a version")
            self.stop(under_way)
            self._await_end(under_way, pause)
        else:
            self._check_good(self._await_end(self.start_roll_back(self._target(to), reason), pause))
        return next(item for item in self.all() if item.share > 0)

    def standing(self, version: str) -> Release:
        """To which traffic may go back. Raises NotFound and ClientFailure."""
        found = next(iter(self.named([version])), None) if version.isdecimal() else None
        return self._check_standing(found, version)

    def stop(self, deployment: str) -> None:
        """Which takes its traffic back; it returns before that is done. Raises ClientFailure for one that is over."""
        try:
            self._codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        except ClientError as error:
            raise ClientFailure(f"{deployment} was not stopped: {error.response['Error']['Message']}") from error

    def served_at(self, moment: datetime) -> tuple[Served, Release]:
        """What answered then; of a shift that was under way, what most requests got. Raises NotFound for before the first."""
        releases = {item.version: item for item in self.all()}
        for item in reversed(self._served(releases)):
            if item.since <= moment:
                return item, releases[item.version]
        raise NotFound(f"nothing served at {moment.isoformat()}: production came later")

    # ------------------------------------------------------------------ inner
    def _served(self, releases: Mapping[str, Release]) -> list[Served]:
        """All that ever served, oldest first."""
        done = [self._deployment(name) for name in self._deployments(["Succeeded"])]
        done.sort(key=lambda item: item["completeTime"])
        first = (
            shifted_versions(done[0])[0] if done else next(name for name, item in releases.items() if item.share > 0)
        )
        later = [Served(shifted_versions(item)[1], item["completeTime"], item["deploymentId"]) for item in done]
        return [Served(first, releases[first].published, ""), *later]

    def _target(self, to: str | None) -> Release:
        releases = self.all()
        current = next(item for item in releases if item.share > 0)
        if to is None:
            older = (item for item in releases if int(item.version) < int(current.version) and item.is_standing)
            found = next(older, None)
            if found is None:
                raise NotFound(
                    f"no version before {current.version} has kept its endpoint: canary.retained_versions says how many do"
                )
            return found
        found = next((item for item in releases if to in (item.version, item.endpoint)), None)
        return self._check_standing(found, to)

    def _check_standing(self, found: Release | None, to: str) -> Release:
        if found is None:
            raise NotFound(f"there is no version {to}: `mlsystem versions` lists them")
        if found.share == 1:
            raise ClientFailure(f"version {found.version} serves already")
        if not found.is_standing:
            raise ClientFailure(f"version {found.version} cannot serve: its endpoint {found.endpoint} is gone")
        return found

    def start_roll_back(self, target: Release, reason: str) -> str:
        """The deployment that moves all traffic there at once; it returns when that has begun. Raises ClientFailure."""
        current = next(version for version, share in self.shares().items() if share > 0)
        properties = {
            "Name": self.function,
            "Alias": ALIAS,
            "CurrentVersion": current,
            "TargetVersion": target.version,
        }
        resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
        content = json.dumps({"version": 0.0, "Resources": [{"ApiFunction": resource}]})
        try:
            made = self._codedeploy.create_deployment(
                **self.group,
                deploymentConfigName=ALL_AT_ONCE,
                description=f"Rollback to version {target.version}: {reason}"[:256],
                revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
                overrideAlarmConfiguration={"enabled": False},
                autoRollbackConfiguration={"enabled": False},
            )
        except ClientError as error:
            raise ClientFailure(f"the rollback was refused: {error.response['Error']['Message']}") from error
        return str(made["deploymentId"])

    def _check_good(self, info: Mapping[str, Any]) -> None:
        if info["status"] != "Succeeded":
            words = info.get("errorInformation", {}).get("message", "")
            raise RunFailed(f"the rollback {info['deploymentId']} is {info['status']}. {words}".strip())

    def _await_end(self, deployment: str, pause: Callable[[], None]) -> dict[str, Any]:
        while (info := self._deployment(deployment))["status"] in UNDER_WAY:
            pause()
        return info

    def _under_way(self) -> str | None:
        return next(iter(self._deployments(UNDER_WAY)), None)

    def _deployments(self, statuses: list[str]) -> Iterator[str]:
        pages = self._codedeploy.get_paginator("list_deployments")
        for page in pages.paginate(**self.group, includeOnlyStatuses=statuses):
            yield from page["deployments"]

    def _deployment(self, name: str) -> dict[str, Any]:
        return dict(self._codedeploy.get_deployment(deploymentId=name)["deploymentInfo"])

    def _named(self, version: str, shares: Mapping[str, float]) -> Release | None:
        try:
            found = self._lambda.get_function_configuration(FunctionName=self.function, Qualifier=version)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return self._release(found, shares)

    def _release(self, version: Mapping[str, Any], shares: Mapping[str, float]) -> Release:
        variables = version.get("Environment", {}).get("Variables", {})
        endpoint = variables.get("ENDPOINT_NAME", "")
        return Release(
            version=version["Version"],
            endpoint=endpoint,
            training_job=variables.get("TRAINING_JOB_NAME", ""),
            published=datetime.fromisoformat(version["LastModified"]),
            is_standing=self._is_standing(endpoint),
            share=shares.get(version["Version"], 0.0),
        )

    def _is_standing(self, endpoint: str) -> bool:
        try:
            status = self._sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"]
        except ClientError as error:
            if "Could not find" in error.response["Error"]["Message"]:
                return False
            raise
        return bool(status == "InService")


def shifted_versions(deployment: Mapping[str, Any]) -> tuple[str, str]:
    """From which to which, as its AppSpec says, which is YAML or JSON."""
    revision = deployment["revision"]
    content = (revision.get("appSpecContent") or revision.get("string"))["content"]
    try:  # JSON is YAML too, but is read so in a hundredth of the time
        appspec = json.loads(content)
    except ValueError:
        appspec = yaml.safe_load(content)
    ((_, resource),) = appspec["Resources"][0].items()
    return str(resource["Properties"]["CurrentVersion"]), str(resource["Properties"]["TargetVersion"])
