"""What a stack is to become: a template with everything put in that is known before the first resource exists.

Parameters, conditions, mappings and imports are decided here, once. What is left are the references between the resources themselves, and
those make the order of the work. A Target is a value that is stored with the operation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.conditions import evaluate_conditions
from mlsystem.engine.decide.template.environment import Environment, Known, Scope
from mlsystem.engine.decide.template.errors import Path, TemplateError, pointer
from mlsystem.engine.decide.template.evaluation import Evaluation, Reference, evaluate
from mlsystem.engine.decide.template.graph import check_cycles
from mlsystem.engine.decide.template.model import Output, Resource, Template
from mlsystem.engine.decide.template.parameters import parameter_values
from mlsystem.engine.decide.template.policy import deletion_policy, update_replace_policy
from mlsystem.engine.decide.template.validation import validate

EXPORT_NAME = re.compile(r"[A-Za-z0-9:-]{1,255}")
# All that a second evaluation needs: the first has decided the rest.
RESOURCES_ONLY = Scope(has_extensions=True)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetResource(_Value):
    """A resource to be; the expressions refer to nothing but other resources of the target."""

    logical_id: str
    type: str
    properties: dict[str, Json] = {}
    metadata: dict[str, Json] = {}
    update_policy: dict[str, Json] = {}
    depends_on: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"


class TargetOutput(_Value):
    """An output to be."""

    name: str
    value: Json
    description: str = ""
    export_name: str | None = None


class Target(_Value):
    """All resources and outputs whose conditions hold. `imports` are the exports of other stacks that went in."""

    resources: dict[str, TargetResource]
    outputs: dict[str, TargetOutput] = {}
    imports: tuple[str, ...] = ()

    @property
    def dependencies(self) -> dict[str, tuple[str, ...]]:
        return {name: resource.depends_on for name, resource in self.resources.items()}

    @property
    def export_names(self) -> dict[str, str]:
        """Export name by output name."""
        return {name: output.export_name for name, output in self.outputs.items() if output.export_name is not None}


def make_scope(
    template: Template,
    texts: Mapping[str, str],
    pseudo: Mapping[str, str | list[str]],
    exports: Mapping[str, str] | None = None,
    availability_zones: Collection[str] = (),
) -> Scope:
    """`texts` as `resolve_parameters` gave them. Raises TemplateError for a condition that cannot be decided."""
    scope = Scope(
        parameters=parameter_values(template.parameters, texts),
        pseudo=dict(pseudo),
        mappings=template.mappings,
        exports=dict(exports or {}),
        availability_zones=tuple(availability_zones),
        has_extensions=template.has_extensions,
    )
    return scope.model_copy(update={"conditions": evaluate_conditions(template.conditions, scope)})


def make_target(template: Template, scope: Scope) -> Target:
    """Validate the (expanded) template and decide all that can be decided now. Raises TemplateError, with nothing done."""
    validate(template)
    try:
        target = _Maker(template, scope).make()
        check_cycles(target.dependencies)
    except TemplateError as error:
        raise error.located(template.document.line) from error
    return target


def check_attributes(target: Target, attributes_of: Callable[[str], Collection[str] | None]) -> None:
    """Raises TemplateError for a GetAtt that the resource's type does not have; a type whose answer is None is not checked."""
    values: list[tuple[str, Json]] = [
        *((f"/Resources/{name}", dict(item.properties)) for name, item in target.resources.items()),
        *((f"/Outputs/{name}", item.value) for name, item in target.outputs.items()),
    ]
    for place, value in values:
        for reference in sorted(_references(value), key=str):
            resource_type = target.resources[reference.logical_id].type
            known = attributes_of(resource_type)
            if reference.attribute is not None and known is not None and reference.attribute not in known:
                raise TemplateError(
                    f"Template error: resource {reference.logical_id} does not support attribute type {reference.attribute}"
                    f" in Fn::GetAtt ({place}; {resource_type} has {', '.join(sorted(known)) or 'none'})"
                )


def settle(value: Json, resources: Mapping[str, Known], unsettled: Collection[str] = ()) -> Evaluation:
    """Evaluate an expression of a target with what is known of its resources."""
    return evaluate(value, Environment(RESOURCES_ONLY, resources, unsettled))


def _references(value: Json) -> frozenset[Reference]:
    return settle(value, {}).unresolved


class _Maker:
    """Decides one template."""

    def __init__(self, template: Template, scope: Scope):
        self._template = template
        self._environment = Environment(scope)
        self._imports: set[str] = set()
        self._active = {
            name: resource
            for name, resource in template.resources.items()
            if resource.condition is None or scope.conditions[resource.condition]
        }

    def make(self) -> Target:
        resources = {name: self._resource(resource) for name, resource in self._active.items()}
        conditions = self._environment.scope.conditions
        outputs = {
            name: self._output(output)
            for name, output in self._template.outputs.items()
            if output.condition is None or conditions[output.condition]
        }
        return Target(resources=resources, outputs=outputs, imports=tuple(sorted(self._imports)))

    def _resource(self, resource: Resource) -> TargetResource:
        path: Path = ("Resources", resource.logical_id)
        needs: list[str] = [name for name in resource.depends_on if name in self._active]
        expressions: dict[str, dict[str, Json]] = {}
        for name, expression in (
            ("Properties", resource.properties),
            ("Metadata", resource.metadata),
            ("UpdatePolicy", resource.update_policy),
        ):
            expressions[name], found = self._members(expression, (*path, name))
            needs.extend(found)
        return TargetResource(
            logical_id=resource.logical_id,
            type=resource.type,
            properties=expressions["Properties"],
            metadata=expressions["Metadata"],
            update_policy=expressions["UpdatePolicy"],
            depends_on=tuple(dict.fromkeys(needs)),
            deletion_policy=deletion_policy(resource, self._plain(resource.deletion_policy, path)),
            update_replace_policy=update_replace_policy(resource, self._plain(resource.update_replace_policy, path)),
        )

    def _members(self, expression: Mapping[str, Json], path: Path) -> tuple[dict[str, Json], list[str]]:
        """Decide a resource's properties one by one, so that an error names the property; and what they need."""
        values: dict[str, Json] = {}
        needs: list[str] = []
        for name, member in expression.items():
            decided = self._decide({name: member}, (*path, name), "in the Resources block")
            if isinstance(decided.value, dict):
                values |= decided.value
            needs += sorted(reference.logical_id for reference in decided.unresolved)
        return values, needs

    def _output(self, output: Output) -> TargetOutput:
        path: Path = ("Outputs", output.name)
        value = self._decide(output.value, (*path, "Value"), "in the Outputs block").value
        export = None if output.export_name is None else self._export_name(output, (*path, "Export"))
        return TargetOutput(name=output.name, value=value, description=output.description, export_name=export)

    def _export_name(self, output: Output, path: Path) -> str:
        name = self._plain(output.export_name, path)
        if not isinstance(name, str) or not EXPORT_NAME.fullmatch(name):
            raise TemplateError(
                f"Template format error: Output {output.name} is malformed. The Name field of every Export member must be"
                " specified and consist only of alphanumeric characters, colons, or hyphens.",
                path,
            )
        return name

    def _decide(self, value: Json, path: Path, block: str) -> Evaluation:
        """Evaluate; whatever stays open must be a resource that will exist."""
        try:
            decided = evaluate(value, self._environment)
        except TemplateError as error:
            raise TemplateError(f"{error.message.rstrip('.')} at {pointer(path)}", path) from error
        missing = sorted({reference.logical_id for reference in decided.unresolved} - set(self._active))
        if missing:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] {block} of the template",
                path,
            )
        self._imports |= decided.imports
        return decided

    def _plain(self, value: Json, path: Path) -> Json:
        """Evaluate what must not depend on a resource."""
        decided = self._decide(value, path, "in the Resources block")
        if decided.unresolved:
            names = ", ".join(str(reference) for reference in sorted(decided.unresolved, key=str))
            raise TemplateError(
                f"Template error: {path[-1]} must not depend on any resources, but refers to {names}.", path
            )
        return decided.value
