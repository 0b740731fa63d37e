"""Brings stages to the front door: writes them down for the hosts of functions, and tells the door where requests go.

Which versions a target has, and by which share, Lambda tells whenever an alias changes and its hosts are ready (`lambda.target.routed`).
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.dataplane.state import ApiStage, FunctionVersion, Throttle
from mlsystem.engine.dataplane.state import Method as DoorMethod
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.apigateway.api import (
    PUBLISH,
    STAGE_PUBLISHED,
    DeploymentRecord,
    RoutingRecord,
    StageMachine,
    StageRecord,
)
from mlsystem.engine.services.apigateway.definition import Method, resource_id
from mlsystem.engine.services.apigateway.stages import METHOD_DEFAULTS
from mlsystem.engine.services.apigateway.usage_plans import clients_of
from mlsystem.engine.store.database import Transaction

SERVICE = "apigateway.amazonaws.com"


class Publishing(Part):
    """See the module."""

    def __init__(self, house: House, keeper: DoorKeeper):
        self._house = house
        self._keeper = keeper
        self._machine = StageMachine()
        keeper.stages_from(self._served)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {PUBLISH: self._publish}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {
            STAGE_PUBLISHED: self._on_published,
            "lambda.target.routed": self._on_routed,
            "lambda.policy.changed": self._on_policy_changed,
        }

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._sweep()

    # ------------------------------------------------------------------ the hosts
    def _publish(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            stage = tx.get(StageRecord, call.owner_key)
            deployment = None if stage is None else tx.get(DeploymentRecord, f"{stage.parent}:{stage.deployment_id}")
        if stage is None or deployment is None:
            return None
        path = self._path(stage.key)
        aside = path.with_suffix(".tmp")
        aside.write_text(json.dumps(self._document(stage, deployment)))
        aside.rename(path)
        return Event("published")

    def _document(self, stage: StageRecord, deployment: DeploymentRecord) -> dict[str, Any]:
        """As `function_host.stages` reads it."""
        scope = self._house.scope
        return {
            "api_id": stage.parent,
            "stage": stage.name,
            "account": scope.account,
            "region": scope.region,
            "deployment_id": stage.deployment_id,
            "variables": stage.variables or None,
            "binary_media_types": list(deployment.binary_media_types),
            "integrations": [
                {
                    **method.model_dump(exclude={"is_signed", "is_key_required"}),
                    "resource_id": resource_id(stage.parent, method.resource),
                    "is_permitted": self._is_permitted(stage, method),
                }
                for method in deployment.methods
            ],
        }

    def _is_permitted(self, stage: StageRecord, method: Method) -> bool:
        """Whether the function's policy lets API Gateway call it for this method."""
        try:
            policy = self._house.call("lambda", "GetPolicy", {"FunctionName": method.arn})["Policy"]
        except AwsError:
            return False
        path = re.sub(r"\{[^}]+\}", "*", method.resource)
        http_method = "*" if method.http_method == "ANY" else method.http_method
        source = self._house.scope.arn("execute-api", f"{stage.parent}/{stage.name}/{http_method}{path}")
        return any(_allows(statement, source) for statement in json.loads(policy)["Statement"])

    # ------------------------------------------------------------------ the door
    def _served(self, tx: Transaction) -> Iterator[ApiStage]:
        """Methods whose functions have no host yet are left out: they answer as if they did not exist."""
        for stage in tx.all(StageRecord):
            deployment = tx.get(DeploymentRecord, f"{stage.parent}:{stage.deployment_id}")
            if stage.is_published and deployment is not None:
                methods = tuple(self._routed(tx, stage, deployment))
                if methods:
                    yield ApiStage(stage.parent, stage.name, methods)

    def _routed(self, tx: Transaction, stage: StageRecord, deployment: DeploymentRecord) -> Iterator[DoorMethod]:
        root, clients = self._house.folder.root, tuple(clients_of(tx, stage.key))
        for method in deployment.methods:
            routing = tx.get(RoutingRecord, method.target)
            if routing is None:
                continue
            function = method.target.partition(":")[0]
            versions = tuple(
                FunctionVersion(function, version, share, (str(root / socket),))
                for version, share, socket in routing.versions
            )
            yield DoorMethod(
                method.http_method,
                method.resource,
                versions,
                clients if method.is_key_required else None,
                method.is_signed,
                _throttle(stage, method),
            )

    def _on_published(self, tx: Transaction, topic: str, data: Json) -> None:
        tx.after_commit(self._keeper.refresh)
        self._sweep()

    def _on_routed(self, tx: Transaction, topic: str, data: Json) -> None:
        if data["versions"]:
            tx.put(RoutingRecord(key=data["target"], versions=tuple(tuple(version) for version in data["versions"])))
        else:
            tx.remove(RoutingRecord, data["target"])
        tx.after_commit(self._keeper.refresh)

    def _on_policy_changed(self, tx: Transaction, topic: str, data: Json) -> None:
        for stage in tx.all(StageRecord):
            if data["target"] in stage.targets:
                self._house.worker.send(tx, StageRecord, stage.key, Event("changed"))

    # ------------------------------------------------------------------ files
    @property
    def _folder(self) -> Path:
        """Every function host sees this folder."""
        return self._house.folder.sockets / "apis"

    def _path(self, key: str) -> Path:
        return self._folder / f"{key.replace(':', '.')}.json"

    def _sweep(self) -> None:
        """Remove what was written down of stages that are gone."""
        with self._house.database.reading() as tx:
            known = {self._path(stage.key) for stage in tx.all(StageRecord)}
        for path in set(self._folder.glob("*.json")) - known:
            path.unlink(missing_ok=True)


def _throttle(stage: StageRecord, method: Method) -> Throttle | None:
    """What the settings of this method say or, what they do not, those of the whole stage; None where both are silent."""
    resource = method.resource.replace("/", "~1")
    settings = {
        **stage.method_settings.get("*/*", {}),
        **stage.method_settings.get(f"{resource}/{method.http_method}", {}),
    }
    if not {"throttlingBurstLimit", "throttlingRateLimit"} & set(settings):
        return None
    settings = {**METHOD_DEFAULTS, **settings}
    return Throttle(settings["throttlingBurstLimit"], settings["throttlingRateLimit"])


def _allows(statement: Mapping[str, Any], source: str) -> bool:
    principal = statement.get("Principal")
    is_meant = principal == "*" or (isinstance(principal, Mapping) and principal.get("Service") == SERVICE)
    conditions = statement.get("Condition", {})
    pattern = conditions.get("ArnLike", {}).get("AWS:SourceArn", "*")
    account = conditions.get("StringEquals", {}).get("AWS:SourceAccount")
    return (
        is_meant
        and statement["Effect"] == "Allow"
        and statement["Action"] in ("lambda:InvokeFunction", "lambda:*", "*")
        and fnmatch.fnmatchcase(source, pattern)
        and account in (None, source.split(":")[4])
    )
