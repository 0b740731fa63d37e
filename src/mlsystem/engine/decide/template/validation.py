"""Checks what a template says about itself, before its parameters are known: every name leads somewhere.

This is what ValidateTemplate answers, and the first thing that creating or updating a stack does.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.decide.template.environment import PSEUDO_NAMES
from mlsystem.engine.decide.template.errors import Path, TemplateError
from mlsystem.engine.decide.template.graph import check_cycles
from mlsystem.engine.decide.template.mention import Mention, What, mentions
from mlsystem.engine.decide.template.model import Resource, Template


def validate(template: Template) -> None:
    """Raises TemplateError. An unexpanded SAM template is checked after its expansion."""
    if not template.is_expanded:
        return
    try:
        _check_conditions(template)
        _check_resources(template)
        _check_outputs(template)
    except TemplateError as error:
        raise error.located(template.document.line) from error


def _check_conditions(template: Template) -> None:
    names = {*template.parameters, *PSEUDO_NAMES}
    # `{"Condition": name}` is no function to `mentions`: whether that name exists shows when it is evaluated.
    for name, expression in template.conditions.items():
        for mention in mentions(expression, ("Conditions", name)):
            if mention.what in {What.REF, What.ATTRIBUTE} and mention.name not in names:
                raise TemplateError(
                    f"Template format error: Unresolved dependencies [{mention.name}]. Cannot reference resources in the"
                    " Conditions block of the template",
                    mention.path,
                )
            _check_mapping(template, mention)


def _check_resources(template: Template) -> None:
    dependencies: dict[str, list[str]] = {}
    missing: dict[str, Path] = {}
    for name, resource in template.resources.items():
        dependencies[name] = list(resource.depends_on)
        missing.update({other: ("Resources", name, "DependsOn") for other in resource.depends_on})
        _check_condition_name(template, resource.condition, "Resources", ("Resources", name))
        for mention in _of_resource(resource):
            _check_mention(template, mention)
            if mention.what is What.REF:
                missing.setdefault(mention.name, mention.path)
            if not mention.is_conditional and mention.name in template.resources:
                dependencies[name].append(mention.name)
    _check_missing(template, missing)
    check_cycles(dependencies)


def _of_resource(resource: Resource) -> Iterator[Mention]:
    path: Path = ("Resources", resource.logical_id)
    for attribute, value in (
        ("Properties", resource.properties),
        ("Metadata", resource.metadata),
        ("UpdatePolicy", resource.update_policy),
    ):
        yield from mentions(value, (*path, attribute))


def _check_missing(template: Template, found: dict[str, Path]) -> None:
    known = {*template.resources, *template.parameters, *PSEUDO_NAMES}
    missing = [name for name in found if name not in known]
    if missing:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the Resources block of the"
            " template",
            found[missing[0]],
        )


def _check_outputs(template: Template) -> None:
    known = {*template.resources, *template.parameters, *PSEUDO_NAMES}
    for name, output in template.outputs.items():
        path: Path = ("Outputs", name)
        _check_condition_name(template, output.condition, "Outputs", path)
        for mention in [*mentions(output.value, (*path, "Value")), *mentions(output.export_name, (*path, "Export"))]:
            _check_mention(template, mention)
            if mention.what in {What.REF, What.ATTRIBUTE} and mention.name not in known:
                raise TemplateError(
                    f"Unresolved resource dependencies [{mention.name}] in the Outputs block of the template",
                    mention.path,
                )


def _check_condition_name(template: Template, name: str | None, block: str, path: Path) -> None:
    if name is not None and name not in template.conditions:
        raise TemplateError(
            f"Template format error: Unresolved condition dependency {name} in the {block} block of the template",
            (*path, "Condition"),
        )


def _check_mention(template: Template, mention: Mention) -> None:
    if mention.what is What.CONDITION and mention.name not in template.conditions:
        raise TemplateError(f"Template error: unresolved condition dependency {mention.name} in Fn::If", mention.path)
    if mention.what is What.ATTRIBUTE and mention.name not in template.resources:
        raise TemplateError(
            f"Template error: instance of Fn::GetAtt references undefined resource {mention.name}", mention.path
        )
    _check_mapping(template, mention)


def _check_mapping(template: Template, mention: Mention) -> None:
    # With language extensions a missing mapping may have a default.
    if mention.what is What.MAPPING and mention.name not in template.mappings and not template.has_extensions:
        raise TemplateError(
            f"Template error: Mapping named '{mention.name}' is not present in the 'Mappings' section of template.",
            mention.path,
        )
