"""Data flow of JSONata states: Arguments, Output, Assign.

https://states-language.net/spec.html#input-and-output-processing-with-jsonata
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.documents import Json, compact
from mlsystem.engine.decide.states.faults import QueryFailure
from mlsystem.engine.decide.states.jsonata_expression import expression_of
from mlsystem.engine.decide.states.jsonpath_flow import with_item
from mlsystem.engine.decide.states.query_value import fill, fill_typed
from mlsystem.engine.decide.states.scope import Scope


class JsonataFlow:
    """See DataFlow."""

    def __init__(self, fields: Mapping[str, Json], input: Json, scope: Scope):
        self._fields = fields
        self._input = input
        self._scope = scope

    def arguments(self) -> Json:
        return self._fill("Arguments") if "Arguments" in self._fields else self._input

    def selected(self) -> Json:
        return self._input

    def setting(self, name: str, inside: str | None = None) -> Json:
        value = (self._fields[inside] if inside else self._fields).get(name)
        if expression_of(value) is None:
            return value
        expected = "string" if name in ("Error", "Cause", "Timestamp") else "number"
        field = f"{inside}/{name}" if inside else name
        return fill_typed(value, field, expected, self._states(), self._scope)

    def credentials(self) -> Json:
        return self._fill("Credentials") if "Credentials" in self._fields else None

    def output(self, result: Json) -> Json:
        if "Output" not in self._fields:
            return result
        return fill(self._fields["Output"], "Output", self._states(result=result), self._scope)

    def passed(self, fields: Mapping[str, Json]) -> Json:
        return fill(fields["Output"], "Output", self._states(), self._scope) if "Output" in fields else self._input

    def assigned(self, fields: Mapping[str, Json], result: Json, has_result: bool = True) -> dict[str, Json]:
        states = self._states(result=result) if has_result else self._states()
        return dict(fill(fields.get("Assign", {}), "Assign", states, self._scope))

    def caught(self, fields: Mapping[str, Json], error_output: Json) -> tuple[Json, dict[str, Json]]:
        states = self._states(errorOutput=error_output)
        output = fill(fields["Output"], "Output", states, self._scope) if "Output" in fields else error_output
        return output, dict(fill(fields.get("Assign", {}), "Assign", states, self._scope))

    def items(self) -> list[Json]:
        if "Items" in self._fields:
            return list(fill_typed(self._fields["Items"], "Items", "array", self._states(), self._scope))
        if not isinstance(self._input, list):
            raise QueryFailure(f"Map state input must be an array but was: {compact(self._input)}", None)
        return self._input

    def item(self, fields: Mapping[str, Json], item: Json, index: int) -> Json:
        if "ItemSelector" not in fields:
            return item
        scope = with_item(self._scope, item, index)
        return fill(fields["ItemSelector"], "ItemSelector", {"input": self._input, "context": scope.context}, scope)

    def batch_input(self) -> Json:
        value = self._fields["ItemBatcher"].get("BatchInput")
        return None if value is None else fill(value, "ItemBatcher/BatchInput", self._states(), self._scope)

    def _fill(self, field: str) -> Json:
        return fill(self._fields[field], field, self._states(), self._scope)

    def _states(self, **more: Json) -> dict[str, Json]:
        """The reserved variable `$states`."""
        return {"input": self._input, "context": self._scope.context, **more}
