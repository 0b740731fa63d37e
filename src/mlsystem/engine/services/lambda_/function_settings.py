"""What is set on a function beside its configuration: reserved concurrency, retries of asynchronous invocations, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.arn import parse_arn
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.lambda_.directory import require_function
from mlsystem.engine.services.lambda_.function import FUNCTION_SETTLED, FunctionRecord
from mlsystem.engine.services.lambda_.names import LATEST, function_arn, function_name
from mlsystem.engine.store.database import Transaction


class FunctionSettings(Part):
    """PutFunctionConcurrency, PutFunctionEventInvokeConfig, TagResource, and their like."""

    def __init__(self, house: House):
        self._house = house

    # ------------------------------------------------------------------ concurrency
    @operation("PutFunctionConcurrency", accepts="FunctionName ReservedConcurrentExecutions")
    def put_concurrency(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = self._function(call.tx, request)
        self._reserve(call.tx, function, request["ReservedConcurrentExecutions"])
        return {"ReservedConcurrentExecutions": request["ReservedConcurrentExecutions"]}

    @operation("GetFunctionConcurrency", accepts="FunctionName")
    def get_concurrency(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        reserved = self._function(call.tx, request).reserved_concurrency
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    @operation("DeleteFunctionConcurrency", accepts="FunctionName")
    def delete_concurrency(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        self._reserve(call.tx, self._function(call.tx, request), None)
        return {}

    def _reserve(self, tx: Transaction, function: FunctionRecord, reserved: int | None) -> None:
        tx.put(function.changed(reserved_concurrency=reserved))
        notice = Notice(FUNCTION_SETTLED, {"function": function.key})
        self._house.worker.notify(tx, function.kind, function.key, notice)

    # ------------------------------------------------------------------ asynchronous invocations
    @operation(
        "PutFunctionEventInvokeConfig",
        accepts="FunctionName Qualifier MaximumRetryAttempts MaximumEventAgeInSeconds",
    )
    def put_event_config(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._configure(self._function(call.tx, request), {}, request, call)

    @operation(
        "UpdateFunctionEventInvokeConfig",
        accepts="FunctionName Qualifier MaximumRetryAttempts MaximumEventAgeInSeconds",
    )
    def update_event_config(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        """What is not given stays."""
        function = self._function(call.tx, request)
        self._event_config(function)
        return self._configure(function, function.event_config or {}, request, call)

    @operation("ListFunctionEventInvokeConfigs", accepts="FunctionName Marker MaxItems")
    def list_event_configs(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        """One at most: versions and aliases have none of their own here."""
        function = self._function(call.tx, request)
        return {"FunctionEventInvokeConfigs": [] if function.event_config is None else [self._event_config(function)]}

    def _configure(
        self, function: FunctionRecord, before: Mapping[str, Any], request: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        if function_name(request).qualifier not in (None, LATEST):
            raise NotImplementedHere("lambda:PutFunctionEventInvokeConfig with a Qualifier")
        given = {
            name: request[name] for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds") if name in request
        }
        changed = function.changed(event_config={**before, **given, "at": call.now})
        call.tx.put(changed)
        return self._event_config(changed)

    @operation("GetFunctionEventInvokeConfig", accepts="FunctionName Qualifier")
    def get_event_config(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._event_config(self._function(call.tx, request))

    @operation("DeleteFunctionEventInvokeConfig", accepts="FunctionName Qualifier")
    def delete_event_config(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        call.tx.put(self._function(call.tx, request).changed(event_config=None))
        return {}

    def _event_config(self, function: FunctionRecord) -> dict[str, Any]:
        if function.event_config is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"The function {function_arn(self._house.scope, function.key)} doesn't have an EventInvokeConfig",
            )
        config = dict(function.event_config)
        at = config.pop("at")
        return {"FunctionArn": function_arn(self._house.scope, function.key, LATEST), "LastModified": at, **config}

    # ------------------------------------------------------------------ tags
    @operation("TagResource", accepts="Resource Tags")
    def tag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = self._tagged(call.tx, request)
        call.tx.put(function.changed(tags={**function.tags, **request["Tags"]}))
        return {}

    @operation("UntagResource", accepts="Resource TagKeys")
    def untag(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        function = self._tagged(call.tx, request)
        kept = {key: value for key, value in function.tags.items() if key not in request["TagKeys"]}
        call.tx.put(function.changed(tags=kept))
        return {}

    @operation("ListTags", accepts="Resource")
    def list_tags(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return {"Tags": self._tagged(call.tx, request).tags}

    def _tagged(self, tx: Transaction, request: Mapping[str, Any]) -> FunctionRecord:
        return require_function(tx, self._house.scope, parse_arn(request["Resource"]).resource.split(":")[1])

    def _function(self, tx: Transaction, request: Mapping[str, Any]) -> FunctionRecord:
        return require_function(tx, self._house.scope, function_name(request).name)
