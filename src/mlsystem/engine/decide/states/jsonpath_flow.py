"""Data flow of JSONPath states: InputPath, Parameters, ResultSelector, ResultPath, OutputPath.

https://states-language.net/spec.html#filters. The words of failures are AWS's.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.documents import Json, compact
from mlsystem.engine.decide.states.faults import ResultPathFailure, RuntimeFailure
from mlsystem.engine.decide.states.path_syntax import parse_path
from mlsystem.engine.decide.states.paths import CannotPut, PathNotFound, check_path, put, read
from mlsystem.engine.decide.states.payload_template import fill, resolve, root_of
from mlsystem.engine.decide.states.scope import Scope


class JsonPathFlow:
    """See DataFlow."""

    def __init__(self, fields: Mapping[str, Json], input: Json, scope: Scope):
        self._fields = fields
        self._input = input
        self._scope = scope

    def arguments(self) -> Json:
        selected = self.selected()
        if "Parameters" not in self._fields:
            return selected
        return fill(self._fields["Parameters"], selected, self._scope)

    def selected(self) -> Json:
        return self._cut("InputPath", self._input)

    def setting(self, name: str, inside: str | None = None) -> Json:
        fields = self._fields[inside] if inside else self._fields
        if name in fields:
            return fields[name]
        path = fields.get(f"{name}Path")
        if path is None:
            return None
        if name in ("Error", "Cause"):
            return resolve(path, self._input, self._scope, f"{name}Path")
        return self._read(path, self.selected())

    def credentials(self) -> Json:
        if "Credentials" not in self._fields:
            return None
        return fill(self._fields["Credentials"], self.selected(), self._scope)

    def output(self, result: Json) -> Json:
        if "ResultSelector" in self._fields:
            result = fill(self._fields["ResultSelector"], result, self._scope)
        return self._cut("OutputPath", self._placed(self._fields, result))

    def passed(self, fields: Mapping[str, Json]) -> Json:
        return self._cut("OutputPath", self.selected())

    def assigned(self, fields: Mapping[str, Json], result: Json, has_result: bool = True) -> dict[str, Json]:
        """`$` is the result in Task, Map, Parallel and Pass states, the input after InputPath in Choice and Wait
        states."""
        document = result if has_result else self.selected()
        return dict(fill(fields.get("Assign", {}), document, self._scope))

    def caught(self, fields: Mapping[str, Json], error_output: Json) -> tuple[Json, dict[str, Json]]:
        return self._placed(fields, error_output), dict(fill(fields.get("Assign", {}), error_output, self._scope))

    def items(self) -> list[Json]:
        path = self._fields.get("ItemsPath", "$")
        items = self._read(path, self.selected())
        if isinstance(items, list):
            return items
        raise RuntimeFailure(f'Reference path "{path}" must point to array.')

    def item(self, fields: Mapping[str, Json], item: Json, index: int) -> Json:
        """The template's `$` is the Map's input after InputPath; the item itself is `$$.Map.Item.Value`."""
        template = fields.get("ItemSelector", fields.get("Parameters"))
        if template is None:
            return item
        return fill(template, self.selected(), with_item(self._scope, item, index))

    def batch_input(self) -> Json:
        template = self._fields["ItemBatcher"].get("BatchInput")
        return None if template is None else fill(template, self.selected(), self._scope)

    def _cut(self, field: str, document: Json) -> Json:
        """InputPath or OutputPath; null stands for an empty object."""
        path = self._fields.get(field, "$")
        return {} if path is None else self._read(path, document)

    def _read(self, text: str, document: Json) -> Json:
        path = check_path(text)
        try:
            return read(path, root_of(path, document, self._scope))
        except PathNotFound as error:
            raise RuntimeFailure(f"Invalid path '{text}' : {error}") from error

    def _placed(self, fields: Mapping[str, Json], result: Json) -> Json:
        """ResultPath: the raw input with the result in it; null drops the result."""
        text = fields.get("ResultPath", "$")
        if text is None:
            return self._input
        try:
            return put(parse_path(text), self._input, result)
        except CannotPut as error:
            raise ResultPathFailure(
                f"Unable to apply Reference Path {text} to input {compact(self._input)}: {error}"
            ) from error


def with_item(scope: Scope, item: Json, index: int) -> Scope:
    """The scope while one item of a Map's array is looked at."""
    context = {**scope.context, "Map": {"Item": {"Index": index, "Value": item}}}
    return Scope(context, scope.variables, scope.chance, scope.at)
