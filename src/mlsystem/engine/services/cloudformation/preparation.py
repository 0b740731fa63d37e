"""From a request to what the stack is to become: the template read, its parameters resolved, SAM expanded, every check made.

Whatever CloudFormation would refuse, and whatever the engine does not have, is refused here: before anything is created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.contract import Call, House, Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.s3_url import place_of
from mlsystem.engine.decide.template import (
    Target,
    Template,
    check_attributes,
    check_capabilities,
    displayed_parameters,
    expand,
    load,
    make_scope,
    make_target,
    parameter_values,
    pseudo_parameters,
    resolve_parameters,
)
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.cloudformation.acting import acting_for
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.stack import Stack
from mlsystem.engine.store.database import Transaction

ZONES = ("a", "b", "c")


@dataclass(frozen=True)
class Prepared:
    """A template with its parameters, ready to become a stack."""

    text: str
    template: Template
    target: Target
    parameters: dict[str, str]

    def members(self) -> dict[str, Any]:
        """What the stack's record keeps of it."""
        return {
            "template": self.text,
            "parameters": self.parameters,
            "shown_parameters": displayed_parameters(self.template.parameters, self.parameters),
            "description": self.template.description,
            "wanted_imports": self.target.imports,
        }


def read_template(house: House, call: Call, request: Mapping[str, Any], before: Stack | None = None) -> str:
    """From TemplateBody, TemplateURL or the stack itself. Raises AwsError(ValidationError)."""
    if request.get("UsePreviousTemplate") and before is not None:
        return before.template
    if "TemplateBody" in request:
        return str(request["TemplateBody"])
    if "TemplateURL" not in request:
        raise AwsError("ValidationError", "Either Template URL or Template Body must be specified.")
    bucket, key = _place(request["TemplateURL"])
    body: bytes = house.call("s3", "GetObject", {"Bucket": bucket, "Key": key}, call.principal)["Body"].read()
    return body.decode()


def prepare(
    house: House,
    call: Call,
    registry: Registry,
    request: Mapping[str, Any],
    stack_id: str,
    name: str,
    before: Stack | None = None,
) -> Prepared:
    """Raises AwsError (TemplateError among them) with nothing done."""
    text = read_template(house, call, request, before)
    template = load(text)
    previous = before.parameters if before else {}
    given, kept = _parameters(request, previous)
    texts = resolve_parameters(template.parameters, given, kept)
    role = request.get("RoleARN", before.role_arn if before else "")
    _demand_transforms(house, acting_for(house, role, call.principal.arn), template)
    expanded = expand(template, house.scope.region, parameter_values(template.parameters, texts))
    capabilities = request.get("Capabilities", before.capabilities if before else ())
    check_capabilities(expanded, capabilities)
    pseudo = pseudo_parameters(
        region=house.scope.region,
        account=house.scope.account,
        stack_name=name,
        stack_id=stack_id,
        partition=house.scope.partition,
        notification_arns=tuple(request.get("NotificationARNs", ())),
    )
    zones = tuple(f"{house.scope.region}{letter}" for letter in ZONES)
    scope = make_scope(expanded, texts, pseudo, exports(call.tx), zones)
    target = make_target(expanded, scope)
    registry.check(target)
    check_attributes(target, registry.attributes_of)
    return Prepared(text, template, target, texts)


def _demand_transforms(house: House, principal: Principal, template: Template) -> None:
    """A macro of AWS is expanded by a change set, which whoever acts must be allowed to make."""
    for name in template.transforms:
        macro = (
            f"arn:{house.scope.partition}:cloudformation:{house.scope.region}:aws:transform/{name.rpartition('::')[2]}"
        )
        house.demand("cloudformation", principal, Requirement("cloudformation:CreateChangeSet", macro))


def exports(tx: Transaction) -> dict[str, str]:
    """Values of all exports, by name."""
    return {
        output.export_name: output.value
        for stack in tx.all(Stack)
        if stack.deleted_at is None
        for output in stack.stack.outputs.values()
        if output.export_name
    }


def exports_in_use(tx: Transaction, stack: Stack) -> dict[str, tuple[str, ...]]:
    """The stacks that import each export of this one."""
    own = {output.export_name for output in stack.stack.outputs.values() if output.export_name}
    in_use: dict[str, list[str]] = {}
    for other in tx.all(Stack):
        if other.key != stack.key and other.deleted_at is None:
            for name in own.intersection({*other.imports, *other.wanted_imports}):
                in_use.setdefault(name, []).append(other.name)
    return {name: tuple(names) for name, names in in_use.items()}


def _parameters(request: Mapping[str, Any], previous: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is given, and what UsePreviousValue keeps."""
    given, kept = {}, {}
    for item in request.get("Parameters", ()):
        name = item["ParameterKey"]
        if not item.get("UsePreviousValue"):
            given[name] = item.get("ParameterValue", "")
        elif name in previous:
            kept[name] = previous[name]
        else:
            raise AwsError(
                "ValidationError",
                f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for it",
            )
    return given, kept


def _place(url: str) -> tuple[str, str]:
    place = place_of(url)
    if place is None:
        raise AwsError(
            "ValidationError", f"TemplateURL must reference a valid S3 object to which you have access: {url}"
        )
    return place
