"""Reads the declaration of one resource or one output: which attributes it may have, and their form."""

from __future__ import annotations

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.errors import Path, TemplateError, pointer
from mlsystem.engine.decide.template.model import Output, Resource

ATTRIBUTES = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "Metadata"}
    | {"DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy"}
)
# What SAM adds to a resource, and takes away in its expansion.
SAM_ATTRIBUTES = frozenset({"Connectors", "IgnoreGlobals"})
OUTPUT_MEMBERS = frozenset({"Value", "Description", "Condition", "Export"})
ALIAS_UPDATE = "CodeDeployLambdaAliasUpdate"
ALIAS_UPDATE_MEMBERS = frozenset(
    {"ApplicationName", "DeploymentGroupName", "BeforeAllowTrafficHook", "AfterAllowTrafficHook"}
)


def read_resource(logical_id: str, member: dict[str, Json], *, is_plain: bool) -> Resource:
    """Raises TemplateError, or NotImplementedHere for an attribute that the engine does not have."""
    path = ("Resources", logical_id)
    unknown = [name for name in member if name not in (ATTRIBUTES if is_plain else ATTRIBUTES | SAM_ATTRIBUTES)]
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'", (*path, unknown[0]))
    if "CreationPolicy" in member:
        raise NotImplementedHere(f"the attribute CreationPolicy of the resource {logical_id}")
    return Resource(
        logical_id=logical_id,
        type=_type(member, path),
        properties=_map(member, "Properties", path),
        depends_on=_depends_on(member.get("DependsOn", []), path),
        condition=_condition(member, path),
        metadata=_map(member, "Metadata", path),
        deletion_policy=member.get("DeletionPolicy", "Delete"),
        update_replace_policy=member.get("UpdateReplacePolicy", "Delete"),
        update_policy=_update_policy(member, path),
    )


def read_output(name: str, member: dict[str, Json]) -> Output:
    """Raises TemplateError."""
    path = ("Outputs", name)
    unknown = [key for key in member if key not in OUTPUT_MEMBERS]
    if unknown:
        raise TemplateError(
            f"Template format error: Output {name} has the unknown member {unknown[0]}.", (*path, unknown[0])
        )
    if "Value" not in member:
        raise TemplateError("Template format error: Every Outputs member must contain a Value object", path)
    return Output(
        name=name,
        value=member["Value"],
        description=_string(member, "Description", path) or "",
        condition=_condition(member, path),
        export_name=_export(name, member, path),
    )


def _type(member: dict[str, Json], path: Path) -> str:
    value = member.get("Type")
    if not isinstance(value, str) or not value:
        raise TemplateError(
            f"Template format error: [{pointer(path)}] Every Resources object must contain a Type member.", path
        )
    return value


def _map(member: dict[str, Json], name: str, path: Path) -> dict[str, Json]:
    value = member.get(name, {})
    if not isinstance(value, dict):
        raise TemplateError(
            f"Template format error: [{pointer((*path, name))}] {name} must be an object.", (*path, name)
        )
    return value


def _string(member: dict[str, Json], name: str, path: Path) -> str | None:
    value = member.get(name)
    if value is not None and not isinstance(value, str):
        raise TemplateError(f"Template format error: Every {name} member must be a string.", (*path, name))
    return value


def _condition(member: dict[str, Json], path: Path) -> str | None:
    return _string(member, "Condition", path)


def _depends_on(value: Json, path: Path) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise TemplateError(
            "Template format error: DependsOn must be a string or list of strings.", (*path, "DependsOn")
        )
    return tuple(str(name) for name in names)


def _update_policy(member: dict[str, Json], path: Path) -> dict[str, Json]:
    policy = _map(member, "UpdatePolicy", path)
    for name, content in policy.items():
        if name != ALIAS_UPDATE or member.get("Type") != "AWS::Lambda::Alias":
            raise NotImplementedHere(
                f"the UpdatePolicy {name} of the resource {path[-1]}", f"only {ALIAS_UPDATE} of an alias is"
            )
        here = (*path, "UpdatePolicy", name)
        if not isinstance(content, dict) or not {"ApplicationName", "DeploymentGroupName"} <= set(content):
            raise TemplateError(f"Template format error: {name} needs ApplicationName and DeploymentGroupName.", here)
        unknown = sorted(set(content) - ALIAS_UPDATE_MEMBERS)
        if unknown:
            raise TemplateError(f"Template format error: {name} has the unknown member {unknown[0]}.", here)
    return policy


def _export(name: str, member: dict[str, Json], path: Path) -> Json:
    export = member.get("Export")
    if export is None:
        return None
    if not isinstance(export, dict) or set(export) != {"Name"}:
        raise TemplateError(
            f"Template format error: Output {name} is malformed. The Name field of every Export member must be specified and consist only"
            " of alphanumeric characters, colons, or hyphens.",
            (*path, "Export"),
        )
    return export["Name"]
