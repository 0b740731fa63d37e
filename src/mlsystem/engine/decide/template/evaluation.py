"""Evaluates the intrinsic functions of a value, as far as what they refer to is known.

What refers to a resource that does not exist yet stays an expression, with everything known put in, and is reported.
So one evaluator serves both the execution, where nothing may stay open, and the plan, where a person wants to see how
far things are decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.environment import NO_VALUE, Environment
from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.functions import FUNCTIONS, join
from mlsystem.engine.decide.template.intrinsic import EXTENSION_FUNCTIONS, function_of, text_of
from mlsystem.engine.decide.template.substitution import Variable, sub_arguments

GET_ATT = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
FIND_IN_MAP = (
    "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for"
    " return value"
)
IF = "Template error: every Fn::If object requires a list of three: the name of a condition, and the values if it holds and if not."
# Marks what `Ref: AWS::NoValue` leaves behind: recognised by identity, never returned.
_NOTHING: Json = {"Ref": NO_VALUE}


@dataclass(frozen=True, order=True)
class Reference:
    """`Ref` (attribute None) or `Fn::GetAtt` to a resource."""

    logical_id: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.logical_id if self.attribute is None else f"{self.logical_id}.{self.attribute}"


@dataclass(frozen=True)
class Evaluation:
    """A value, what in it is still unresolved, and which exports of other stacks went into it."""

    value: Json
    unresolved: frozenset[Reference] = frozenset()
    imports: frozenset[str] = frozenset()


def evaluate(value: Json, environment: Environment) -> Evaluation:
    """Raises TemplateError for a function that cannot be evaluated."""
    evaluator = _Evaluator(environment)
    result = evaluator.value(value)
    return Evaluation(
        None if result is _NOTHING else result, frozenset(evaluator.unresolved), frozenset(evaluator.imports)
    )


class _Evaluator:
    """One walk over one value."""

    def __init__(self, environment: Environment):
        self.scope = environment.scope
        self.resources = environment.resources
        self.unsettled = environment.unsettled
        self.unresolved: set[Reference] = set()
        self.imports: set[str] = set()
        self._special: dict[str, Callable[[Json], Json]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetAZs": self._zones,
        }

    def value(self, value: Json) -> Json:
        if isinstance(value, list):
            items = [self.value(item) for item in value]
            return [item for item in items if item is not _NOTHING]
        if not isinstance(value, dict):
            return value
        call = function_of(value)
        if call is not None:
            return self._call(*call)
        members = {key: self.value(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not _NOTHING}

    def _call(self, name: str, argument: Json) -> Json:
        if name in EXTENSION_FUNCTIONS and not self.scope.has_extensions:
            raise TemplateError(f"Template error: {name} needs the transform AWS::LanguageExtensions.")
        if name in self._special:
            return self._special[name](argument)
        if name not in FUNCTIONS:
            raise TemplateError(f"Template error: {name} can stand only in the section Conditions.")
        known = self.value(argument)
        return FUNCTIONS[name](known) if is_known(known) else {name: known}

    def _ref(self, argument: Json) -> Json:
        if not isinstance(argument, str):
            raise TemplateError("Template error: every Ref object must have a single String value.")
        if argument == NO_VALUE:
            return _NOTHING
        for names in (self.scope.parameters, self.scope.pseudo):
            if argument in names:
                found = names[argument]
                return [*found] if isinstance(found, list) else found
        if argument in self.resources:
            return self.resources[argument].ref
        self.unresolved.add(Reference(argument))
        return {"Ref": argument}

    def _get_att(self, argument: Json) -> Json:
        logical_id, attribute = get_att_arguments(argument)
        name = self.value(attribute)
        if not isinstance(name, str):
            raise TemplateError(GET_ATT)
        if logical_id not in self.resources or logical_id in self.unsettled:
            self.unresolved.add(Reference(logical_id, name))
            return {"Fn::GetAtt": [logical_id, name]}
        attributes = self.resources[logical_id].attributes
        if name not in attributes:
            raise TemplateError(
                f"Template error: resource {logical_id} does not support attribute type {name} in Fn::GetAtt"
            )
        return attributes[name]

    def _sub(self, argument: Json) -> Json:
        parts, mapping = sub_arguments(argument)
        values = [self._sub_part(part, mapping) for part in parts]
        pieces = [piece for piece in values if piece is not _NOTHING]
        for part, value in zip(parts, values, strict=True):
            if isinstance(part, Variable) and is_known(value) and text_of(value) is None:
                raise TemplateError(f"Template error: Fn::Sub: ${{{part.name}}} is not a string.")
        return join(["", pieces]) if is_known(pieces) else {"Fn::Join": ["", pieces]}

    def _sub_part(self, part: str | Variable, mapping: dict[str, Json]) -> Json:
        if isinstance(part, str):
            return part
        return self.value(mapping[part.name] if part.name in mapping else part.expression())

    def _if(self, argument: Json) -> Json:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            raise TemplateError(IF)
        name, if_true, if_false = argument
        if name not in self.scope.conditions:
            raise TemplateError(f"Template error: unresolved condition dependency {name} in Fn::If")
        return self.value(if_true if self.scope.conditions[str(name)] else if_false)

    def _find_in_map(self, argument: Json) -> Json:
        if not isinstance(argument, list) or len(argument) not in {3, 4}:
            raise TemplateError(FIND_IN_MAP)
        keys = [text_of(self.value(key)) for key in argument[:3]]
        if any(key is None for key in keys):
            raise TemplateError(f"{FIND_IN_MAP} (all three must be known before the first resource is created)")
        top, second, third = (str(key) for key in keys)
        found = self.scope.mappings.get(top, {}).get(second, {})
        if third in found:
            return found[third]
        return self._map_default(argument, top, f"{top}::{second}::{third}")

    def _map_default(self, argument: list[Json], name: str, where: str) -> Json:
        if len(argument) == 4:
            default = argument[3]
            if not self.scope.has_extensions or not isinstance(default, dict) or set(default) != {"DefaultValue"}:
                raise TemplateError(f"{FIND_IN_MAP} (a DefaultValue needs the transform AWS::LanguageExtensions)")
            return self.value(default["DefaultValue"])
        if name not in self.scope.mappings:
            raise TemplateError(
                f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
            )
        raise TemplateError(f"Template error: Unable to get mapping for {where}")

    def _import_value(self, argument: Json) -> Json:
        name = self.value(argument)
        if not isinstance(name, str):
            raise TemplateError(
                "Template error: the attribute in Fn::ImportValue must not depend on any resources,"
                " imported values, or Fn::GetAZs"
            )
        self.imports.add(name)
        if name not in self.scope.exports:
            raise TemplateError(f"No export named {name} found.")
        return self.scope.exports[name]

    def _zones(self, argument: Json) -> Json:
        region = self.value(argument)
        if region not in ("", self.scope.pseudo.get("AWS::Region")):
            raise NotImplementedHere(f"Fn::GetAZs of the region {region!r}", "only the engine's own region has zones")
        return [*self.scope.availability_zones]


def get_att_arguments(argument: Json) -> tuple[str, Json]:
    """Logical id and attribute, from the dotted or the list form."""
    if isinstance(argument, str) and "." in argument:
        argument = [*argument.split(".", 1)]
    if not isinstance(argument, list) or len(argument) != 2 or not all(argument):
        raise TemplateError(GET_ATT)
    logical_id, attribute = argument
    if not isinstance(logical_id, str) or not isinstance(attribute, str | dict):
        raise TemplateError(GET_ATT)
    return logical_id, attribute


def is_known(value: Json) -> bool:
    """True if no call of a function is left in it."""
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    if isinstance(value, dict):
        return function_of(value) is None and all(is_known(item) for item in value.values())
    return True
