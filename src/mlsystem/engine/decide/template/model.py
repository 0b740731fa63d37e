"""A template as it was written: its sections, checked for form, nothing evaluated.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.document import Document

SERVERLESS = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"

Mappings = dict[str, dict[str, dict[str, Json]]]


@dataclass(frozen=True)
class Parameter:
    """A parameter's declaration; the limits keep the template's own numbers."""

    name: str
    type: str
    default: str | None = None
    description: str = ""
    no_echo: bool = False
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    constraint_description: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None

    @property
    def is_list(self) -> bool:
        return self.type == "CommaDelimitedList" or self.type.startswith("List<")


@dataclass(frozen=True)
class Resource:
    """A resource's declaration. The policies may be expressions, with the transform AWS::LanguageExtensions."""

    logical_id: str
    type: str
    properties: dict[str, Json] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    metadata: dict[str, Json] = field(default_factory=dict)
    deletion_policy: Json = "Delete"
    update_replace_policy: Json = "Delete"
    update_policy: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """An output's declaration."""

    name: str
    value: Json
    description: str = ""
    condition: str | None = None
    export_name: Json = None


@dataclass(frozen=True)
class Template:
    """All sections."""

    document: Document
    description: str
    transforms: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    mappings: Mappings
    conditions: Mapping[str, Json]
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Output]
    metadata: Mapping[str, Json]
    # False as long as the SAM transform is still to be applied (`expand`).
    is_expanded: bool = True

    @property
    def has_extensions(self) -> bool:
        return LANGUAGE_EXTENSIONS in self.transforms
