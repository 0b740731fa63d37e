"""Aliases: names for versions, with shares of the traffic for two of them while a deployment shifts it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.lambda_.directory import PAGES, require_alias, require_function, require_version
from mlsystem.engine.services.lambda_.function import AliasRecord
from mlsystem.engine.services.lambda_.names import LATEST, function_arn, function_name
from mlsystem.engine.services.lambda_.precondition import check_revision
from mlsystem.engine.services.lambda_.routing import Routing
from mlsystem.engine.store.database import AlreadyExists, Transaction

MEMBERS = "FunctionName Name FunctionVersion Description RoutingConfig"


class Aliases(Part):
    """CreateAlias, UpdateAlias, GetAlias, ListAliases, DeleteAlias."""

    def __init__(self, house: House, routing: Routing):
        self._house = house
        self._routing = routing

    @operation("CreateAlias", accepts=MEMBERS)
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        name = function_name(request).name
        require_function(call.tx, self._house.scope, name)
        if request["Name"].isdecimal():
            raise AwsError(
                "InvalidParameterValueException", f"The alias name {request['Name']!r} must not be a number."
            )
        alias = AliasRecord(
            key=f"{name}:{request['Name']}",
            parent=name,
            version=self._version(call.tx, name, request["FunctionVersion"]),
            weights=self._weights(call.tx, name, request["FunctionVersion"], request.get("RoutingConfig", {})),
            description=request.get("Description", ""),
            revision_id=str(uuid.uuid4()),
        )
        try:
            call.tx.add(alias)
        except AlreadyExists as error:
            arn = function_arn(self._house.scope, name, request["Name"])
            raise AwsError(
                "ResourceConflictException", f"Alias already exists: {arn}", fields={"Type": "User"}
            ) from error
        self._routing.follow(call.tx, alias.key)
        return self._respond(alias)

    @operation("UpdateAlias", accepts=f"{MEMBERS} RevisionId")
    def update(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        name = function_name(request).name
        before = require_alias(call.tx, self._house.scope, name, request["Name"])
        check_revision(before.revision_id, request)
        version = self._version(call.tx, name, request.get("FunctionVersion", before.version))
        weights = before.weights
        if "RoutingConfig" in request:
            weights = self._weights(call.tx, name, version, request["RoutingConfig"])
        alias = before.changed(
            version=version,
            weights=weights,
            description=request.get("Description", before.description),
            revision_id=str(uuid.uuid4()),
        )
        call.tx.put(alias)
        self._routing.follow(call.tx, alias.key)
        data = {"function": name, "alias": alias.name, "version": version, "weights": weights}
        self._house.worker.notify(call.tx, alias.kind, alias.key, Notice("lambda.alias.updated", data))
        return self._respond(alias)

    @operation("GetAlias", accepts="FunctionName Name")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._respond(require_alias(call.tx, self._house.scope, function_name(request).name, request["Name"]))

    @operation("ListAliases", accepts="FunctionName FunctionVersion Marker MaxItems")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = require_function(call.tx, self._house.scope, function_name(request).name)
        wanted = request.get("FunctionVersion")
        aliases = call.tx.all(AliasRecord, parent=function.key)
        found = [alias for alias in aliases if wanted is None or wanted in dict(alias.shares())]
        return PAGES.page(found, request, "Aliases", by_creation, self._respond)

    @operation("DeleteAlias", accepts="FunctionName Name")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        key = f"{function_name(request).name}:{request['Name']}"
        if call.tx.remove(AliasRecord, key):
            self._routing.follow(call.tx, key)
        return {}

    def _version(self, tx: Transaction, name: str, version: str) -> str:
        if version != LATEST:
            require_version(tx, self._house.scope, name, version)
        return version

    def _weights(self, tx: Transaction, name: str, version: str, routing: Mapping[str, Any]) -> dict[str, float]:
        weights = dict(routing.get("AdditionalVersionWeights") or {})
        if unknown := sorted(set(routing) - {"AdditionalVersionWeights"}):
            raise NotImplementedHere(f"lambda with RoutingConfig.{unknown[0]}")
        if len(weights) > 1 or version in weights or (weights and LATEST in (version, *weights)):
            raise AwsError(
                "InvalidParameterValueException",
                "Invalid function version: an alias can point to two different published versions at most.",
            )
        for other, weight in weights.items():
            self._version(tx, name, other)
            if not 0.0 <= weight <= 1.0:
                raise AwsError("InvalidParameterValueException", f"The weight {weight} is not between 0 and 1.")
        return weights

    def _respond(self, alias: AliasRecord) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "AliasArn": function_arn(self._house.scope, alias.parent, alias.name),
            "Name": alias.name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision_id,
        }
        if alias.weights:
            answer["RoutingConfig"] = {"AdditionalVersionWeights": alias.weights}
        return answer
