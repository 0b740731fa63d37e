"""Functions: create, change, describe, delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_key
from mlsystem.engine.decide.retention import UNUSED_CODE
from mlsystem.engine.durable.machine import Event, Machine, Notice
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.lambda_.code import CodeStore, refuse_other_sources
from mlsystem.engine.services.lambda_.configuration import DEFAULTS, DESCRIBED, described, respond
from mlsystem.engine.services.lambda_.directory import PAGES, configuration_of, require_function
from mlsystem.engine.services.lambda_.execution_role import demand_network
from mlsystem.engine.services.lambda_.function import (
    FUNCTION_SETTLED,
    PREPARE,
    AliasRecord,
    FunctionMachine,
    FunctionRecord,
    State,
    UpdateStatus,
    VersionRecord,
)
from mlsystem.engine.services.lambda_.names import LATEST, function_arn, function_name
from mlsystem.engine.services.lambda_.policies import PolicyRecord
from mlsystem.engine.services.lambda_.precondition import check_revision, check_settled
from mlsystem.engine.services.lambda_.versions import publish
from mlsystem.engine.store.database import AlreadyExists, Transaction

CODE = "ZipFile S3Bucket S3Key S3ObjectVersion ImageUri"


class Functions(Part):
    """CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration, GetFunction, ListFunctions, DeleteFunction."""

    def __init__(self, house: House, code: CodeStore):
        self._house = house
        self._code = code
        self._machine = FunctionMachine()

    def tidy(self, now: float) -> None:
        self._code.sweep(UNUSED_CODE.since(now))

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {PREPARE: self._prepare}

    # ------------------------------------------------------------------ operations
    @operation("CreateFunction", accepts=f"FunctionName Code PackageType Publish Tags Architectures {DESCRIBED}")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        name = function_name(request).name
        package_type = request.get("PackageType", "Zip")
        _check_package(request, package_type)
        refuse_other_sources(request["Code"])
        configuration = {**DEFAULTS, "Architectures": ["x86_64"], **described(request)}
        if "Architectures" in request:
            configuration["Architectures"] = request["Architectures"]
        demand_network(self._house, configuration)
        record = FunctionRecord(
            key=name,
            state=State.PENDING,
            configuration=configuration,
            code=self._code.take(request["Code"], package_type, call.principal),
            revision_id=str(uuid.uuid4()),
            modified_at=call.now,
            tags=request.get("Tags", {}),
        )
        try:
            record = call.tx.add(record)
        except AlreadyExists as error:
            raise AwsError(
                "ResourceConflictException", f"Function already exist: {name}", fields={"Type": "User"}
            ) from error
        self._house.worker.commit_step(call.tx, record, self._machine.begin(record))
        if request.get("Publish"):
            version = publish(call.tx, record, "")
            return {**respond(self._house.scope, version), "State": State.PENDING}
        return respond(self._house.scope, record)

    @operation("UpdateFunctionCode", accepts=f"FunctionName Publish DryRun RevisionId Architectures {CODE}")
    def update_code(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = self._settled(call.tx, request)
        code = self._code.take(request, record.code["package_type"], call.principal)
        configuration = dict(record.configuration)
        if "Architectures" in request:
            configuration["Architectures"] = request["Architectures"]
        if request.get("DryRun"):
            return respond(self._house.scope, record.changed(code=code))
        updated = self._begin_update(call, record.changed(code=code, configuration=configuration))
        return self._answer(call, updated, bool(request.get("Publish")))

    @operation("UpdateFunctionConfiguration", accepts=f"FunctionName RevisionId {DESCRIBED}")
    def update_configuration(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = self._settled(call.tx, request)
        configuration = {**record.configuration, **described(request)}
        demand_network(self._house, configuration)
        # Its code stays as it is, so there is nothing to prepare: the next invocation starts a host that has it.
        updated = record.changed(configuration=configuration, revision_id=str(uuid.uuid4()), modified_at=call.now)
        call.tx.put(updated)
        self._announce(call.tx, FUNCTION_SETTLED, {"function": record.key})
        return respond(self._house.scope, updated)

    @operation("GetFunction", accepts="FunctionName Qualifier")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        record = configuration_of(call.tx, self._house.scope, target)
        function = require_function(call.tx, self._house.scope, target.name)
        response: dict[str, object] = {
            "Configuration": self._described(record, target.qualifier),
            "Code": self._code.location(record.code),
        }
        if function.tags:
            response["Tags"] = function.tags
        if function.reserved_concurrency is not None:
            response["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
        return response

    @operation("GetFunctionConfiguration", accepts="FunctionName Qualifier")
    def get_configuration(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        return self._described(configuration_of(call.tx, self._house.scope, target), target.qualifier)

    @operation("ListFunctions", accepts="FunctionVersion Marker MaxItems")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        found: list[FunctionRecord | VersionRecord] = [*call.tx.all(FunctionRecord)]
        if request.get("FunctionVersion") == "ALL":
            found += call.tx.all(VersionRecord)
        found.sort(key=lambda record: record.key)
        return PAGES.page(found, request, "Functions", by_key, lambda record: respond(self._house.scope, record))

    @operation("DeleteFunction", accepts="FunctionName Qualifier")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        function = require_function(call.tx, self._house.scope, target.name)
        if target.qualifier is not None:
            return self._delete_version(call, function, target.qualifier)
        for alias in call.tx.all(AliasRecord, parent=function.key):
            call.tx.remove(AliasRecord, alias.key)
        for version in call.tx.all(VersionRecord, parent=function.key):
            call.tx.remove(VersionRecord, version.key)
        for policy in call.tx.all(PolicyRecord, parent=function.key):
            call.tx.remove(PolicyRecord, policy.key)
        call.tx.remove(FunctionRecord, function.key)
        self._announce(call.tx, "lambda.function.deleted", {"function": function.key})
        return {"StatusCode": 204}

    # ------------------------------------------------------------------ inner
    def _delete_version(self, call: Call, function: FunctionRecord, qualifier: str) -> Mapping[str, object]:
        if qualifier == LATEST:
            raise AwsError(
                "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."
            )
        for alias in call.tx.all(AliasRecord, parent=function.key):
            if qualifier in dict(alias.shares()):
                arn = function_arn(self._house.scope, function.key, alias.name)
                raise AwsError(
                    "ResourceConflictException",
                    f"Unable to delete version because the following aliases reference it: [{arn}]",
                )
        if call.tx.remove(VersionRecord, f"{function.key}:{qualifier}"):
            self._announce(call.tx, "lambda.version.deleted", {"function": function.key, "version": qualifier})
        return {"StatusCode": 204}

    def _announce(self, tx: Transaction, topic: str, data: dict[str, str]) -> None:
        self._house.worker.notify(tx, FunctionRecord.kind, data["function"], Notice(topic, data))

    def _described(self, record: FunctionRecord | VersionRecord, qualifier: str | None) -> dict[str, Any]:
        answer = respond(self._house.scope, record)
        if qualifier is not None:
            answer["FunctionArn"] = function_arn(self._house.scope, answer["FunctionName"], qualifier)
        return answer

    def _settled(self, tx: Transaction, request: Mapping[str, Any]) -> FunctionRecord:
        record = require_function(tx, self._house.scope, function_name(request).name)
        check_settled(self._house.scope, record)
        check_revision(record.revision_id, request)
        return record

    def _begin_update(self, call: Call, record: FunctionRecord) -> FunctionRecord:
        updated = record.changed(
            revision_id=str(uuid.uuid4()), modified_at=call.now, update_status=UpdateStatus.IN_PROGRESS
        )
        self._house.worker.commit_step(call.tx, record, self._machine.begin(updated))
        return updated

    def _answer(self, call: Call, record: FunctionRecord, is_published: bool) -> Mapping[str, object]:
        if is_published:
            return respond(self._house.scope, publish(call.tx, record, ""))
        return respond(self._house.scope, record)

    def _prepare(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            record = tx.get(FunctionRecord, call.owner_key)
        if record is None:
            return None
        self._code.prepare(record.code)
        return Event("prepared", {"revision_id": record.revision_id})


def _check_package(request: Mapping[str, Any], package_type: str) -> None:
    if package_type == "Zip" and not ("Runtime" in request and "Handler" in request):
        raise AwsError(
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )
    if package_type == "Image" and ("Runtime" in request or "Handler" in request):
        raise AwsError(
            "InvalidParameterValueException",
            "Runtime and Handler are not supported for functions with PackageType Image.",
        )
