"""Expands a SAM template into plain CloudFormation, with AWS's own translator.

The translator is used as a pure function: it is given the region (it would look for one in the environment), its own
bundled map of AWS's managed policies, and a copy of the template (it works in place).
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/what-is-sam-overview.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.document import Document
from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.model import SERVERLESS, Template
from mlsystem.engine.decide.template.sections import read_template

# Types whose translation asks AWS: the Serverless Application Repository.
REFUSED_TYPES = ("AWS::Serverless::Application",)


@dataclass(frozen=True)
class _Region:
    """All that the translator wants of a boto3 session."""

    region_name: str


class _NoFeatures:
    """The translator asks which of its unreleased features are on, and complains in the log when nobody can tell."""

    def is_enabled(self, name: str) -> bool:
        del name
        return False


class _NoMetrics:
    """The translator counts what it does, and complains in the log if nobody collects it."""

    def record_count(self, *measured: object, **more: object) -> None:
        """Not wanted."""

    def record_latency(self, *measured: object, **more: object) -> None:
        """Not wanted."""


def expand(template: Template, region: str, parameters: Mapping[str, str | list[str]]) -> Template:
    """The template with its Serverless resources translated; itself, if there is nothing to translate.

    `parameters` are the values that `Ref` gives. Raises TemplateError with each of the translator's complaints.
    """
    if template.is_expanded:
        return template
    for resource in template.resources.values():
        if resource.type in REFUSED_TYPES:
            raise NotImplementedHere(f"the resource type {resource.type} ({resource.logical_id})")
    body: dict[str, Any] = copy.deepcopy(template.document.body)
    expanded = _translate(body, region, dict(parameters))
    result = read_template(Document(expanded, template.document.lines), is_expanded=True)
    return replace(result, transforms=template.transforms)


def _translate(body: dict[str, Any], region: str, parameters: dict[str, Any]) -> dict[str, Any]:
    # Importing the translator takes over a second: only who has a SAM template waits for it.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    to_py27_compatible_template(body, parameters)
    translator = Translator(None, Parser(), boto_session=_Region(region), metrics=_NoMetrics())
    try:
        translated = translator.translate(
            body,
            parameters,
            feature_toggle=_NoFeatures(),
            passthrough_metadata=True,
            get_managed_policy_map=dict,
        )
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        raise TemplateError(f"Transform {SERVERLESS} failed with: {error.message} {causes}") from error
    result: dict[str, Any] = undo_mark_unicode_str_in_template(translated)
    return result
