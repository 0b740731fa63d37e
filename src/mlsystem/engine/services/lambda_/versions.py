"""Published versions: numbered, immutable copies of $LATEST."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark
from mlsystem.engine.services.lambda_.configuration import respond
from mlsystem.engine.services.lambda_.directory import PAGES, require_function
from mlsystem.engine.services.lambda_.function import FunctionRecord, State, VersionRecord
from mlsystem.engine.services.lambda_.names import function_name
from mlsystem.engine.services.lambda_.precondition import check_revision, check_settled
from mlsystem.engine.store.database import Transaction


def publish(tx: Transaction, function: FunctionRecord, description: str) -> VersionRecord:
    """A new version; the last one again when nothing has changed since, as AWS does."""
    last = tx.get(VersionRecord, f"{function.key}:{function.last_version}")
    configuration = {**function.configuration, **({"Description": description} if description else {})}
    if last is not None and last.code == function.code and _comparable(last) == _comparable(function):
        return last
    number = function.last_version + 1
    tx.put(function.changed(last_version=number))
    return tx.add(
        VersionRecord(
            key=f"{function.key}:{number}",
            parent=function.key,
            state=State.ACTIVE,
            configuration=configuration,
            code=function.code,
            revision_id=str(uuid.uuid4()),
            modified_at=tx.now,
        )
    )


def _comparable(record: FunctionRecord | VersionRecord) -> dict[str, Any]:
    return {name: value for name, value in record.configuration.items() if name != "Description"}


class Versions(Part):
    """PublishVersion, ListVersionsByFunction."""

    def __init__(self, house: House):
        self._house = house

    @operation("PublishVersion", accepts="FunctionName CodeSha256 Description RevisionId")
    def publish(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = require_function(call.tx, self._house.scope, function_name(request).name)
        check_settled(self._house.scope, function)
        check_revision(function.revision_id, request)
        given, current = request.get("CodeSha256"), function.code["sha256"]
        if given and given != current:
            raise AwsError(
                "InvalidParameterValueException",
                f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with "
                "the CodeSHA256 in $LATEST.",
            )
        return respond(self._house.scope, publish(call.tx, function, request.get("Description", "")))

    @operation("ListVersionsByFunction", accepts="FunctionName Marker MaxItems")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = require_function(call.tx, self._house.scope, function_name(request).name)
        versions = sorted(call.tx.all(VersionRecord, parent=function.key), key=lambda version: int(version.number))
        found: list[FunctionRecord | VersionRecord] = [function, *versions]

        def mark(record: FunctionRecord | VersionRecord) -> Mark:
            return (int(record.number) if isinstance(record, VersionRecord) else 0,)

        return PAGES.page(found, request, "Versions", mark, lambda record: respond(self._house.scope, record))
