"""Reads a template's sections from its document: form only, in CloudFormation's words.

What the engine does not have (Rules, Hooks, macros, CreationPolicy) is refused by name here, before anything is created.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.declaration import read_output, read_resource
from mlsystem.engine.decide.template.document import Document, read_document
from mlsystem.engine.decide.template.errors import Path, TemplateError, pointer
from mlsystem.engine.decide.template.intrinsic import function_of
from mlsystem.engine.decide.template.model import LANGUAGE_EXTENSIONS, SERVERLESS, Mappings, Resource, Template
from mlsystem.engine.decide.template.parameters import read_parameter

SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Transform"}
    | {"Resources", "Outputs"}
)
REFUSED_SECTIONS = frozenset({"Rules", "Hooks", "Modules"})
LIMITS = {"Parameters": 200, "Mappings": 200, "Resources": 500, "Outputs": 200}
NAME = re.compile(r"[A-Za-z0-9]{1,255}")

T = TypeVar("T")


def load(text: str) -> Template:
    """Read a template. Raises TemplateError (with the line, if known) or NotImplementedHere."""
    return read_template(read_document(text))


def read_template(document: Document, *, is_expanded: bool = False) -> Template:
    """Read the sections; `is_expanded` says that the SAM transform has been applied already."""
    try:
        return _read(document, is_expanded)
    except TemplateError as error:
        raise error.located(document.line) from error


def _read(document: Document, is_expanded: bool) -> Template:
    body = document.body
    transforms = _transforms(body.get("Transform"))
    is_plain = is_expanded or SERVERLESS not in transforms
    _check_sections(body, is_plain)
    _check_version(body)
    for section, content in body.items():
        _check_nulls(content, (section,))
    return Template(
        document=document,
        description=_description(body),
        transforms=transforms,
        parameters=_members(body, "Parameters", read_parameter),
        mappings=_mappings(body),
        conditions=_section(body, "Conditions"),
        resources=_resources(body, is_plain),
        outputs=_members(body, "Outputs", read_output),
        metadata=_section(body, "Metadata"),
        is_expanded=is_plain,
    )


def _transforms(value: Json) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [] if value is None else [value]
    for name in names:
        if name not in (SERVERLESS, LANGUAGE_EXTENSIONS):
            raise NotImplementedHere(
                f"cloudformation transform {name}", f"it has {SERVERLESS} and {LANGUAGE_EXTENSIONS}"
            )
    return tuple(str(name) for name in names)


def _check_sections(body: Mapping[str, Json], is_plain: bool) -> None:
    refused = sorted(set(body) & REFUSED_SECTIONS)
    if refused:
        raise NotImplementedHere(f"cloudformation template section {refused[0]}")
    allowed = SECTIONS if is_plain else SECTIONS | {"Globals"}
    unknown = [name for name in body if name not in allowed]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]", (unknown[0],))


def _check_version(body: Mapping[str, Json]) -> None:
    version = body.get("AWSTemplateFormatVersion", "2010-09-09")
    if version != "2010-09-09":
        raise TemplateError(
            f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion.",
            ("AWSTemplateFormatVersion",),
        )


def _description(body: Mapping[str, Json]) -> str:
    text = body.get("Description", "")
    if not isinstance(text, str) or len(text.encode()) > 1024:
        raise TemplateError(
            "Template format error: Every Description member must be a string of at most 1024 bytes.", ("Description",)
        )
    return text


def _check_nulls(value: Json, path: Path) -> None:
    if value is None:
        raise TemplateError(f"[{pointer(path)}] 'null' values are not allowed in templates", path)
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        _check_nulls(member, (*path, key))


def _section(body: Mapping[str, Json], name: str) -> dict[str, Json]:
    content = body.get(name, {})
    if not isinstance(content, dict):
        raise TemplateError(f"Template format error: {name} must be a map.", (name,))
    if len(content) > LIMITS.get(name, len(content)):
        raise TemplateError(
            f"Template format error: Number of {name.lower()}, {len(content)}, is greater than maximum allowed, {LIMITS[name]}",
            (name,),
        )
    return content


def _members(body: Mapping[str, Json], section: str, read: Callable[[str, dict[str, Json]], T]) -> dict[str, T]:
    result: dict[str, T] = {}
    for name, member in _section(body, section).items():
        path = (section, name)
        _refuse_loop(name)
        if not NAME.fullmatch(name):
            raise TemplateError(f"Template format error: {section[:-1]} name {name} is non alphanumeric.", path)
        if not isinstance(member, dict):
            raise TemplateError(f"Template format error: Any {section} member must be an object.", path)
        result[name] = read(name, member)
    return result


def _refuse_loop(name: str) -> None:
    if name.startswith("Fn::ForEach"):
        raise NotImplementedHere("cloudformation function Fn::ForEach", "write the resources out")


def _resources(body: Mapping[str, Json], is_plain: bool) -> dict[str, Resource]:
    if not _section(body, "Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.", ("Resources",))
    return _members(body, "Resources", lambda name, member: read_resource(name, member, is_plain=is_plain))


def _mappings(body: Mapping[str, Json]) -> Mappings:
    result = _section(body, "Mappings")
    for name, table in result.items():
        if not isinstance(table, dict):
            raise TemplateError(
                f"Template format error: Every Mappings member {name} must be a map", ("Mappings", name)
            )
        for key, row in table.items():
            path = ("Mappings", name, key)
            if not isinstance(row, dict):
                raise TemplateError(f"Template format error: Every Mappings member {key} must be a map", path)
            for attribute, value in row.items():
                _check_mapped(value, (*path, attribute))
    return cast(Mappings, result)


def _check_mapped(value: Json, path: Path) -> None:
    if isinstance(value, dict) or function_of(value) is not None:
        raise TemplateError("Template format error: Every Mappings attribute must be a String or a List.", path)
