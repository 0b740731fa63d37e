"""The AppSpec of a Lambda deployment: which function and alias, from which version to which, and the hooks. Pure.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-lambda
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mlsystem.engine.decide.depth import check_depth
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

PROPERTIES = ("Name", "Alias", "CurrentVersion", "TargetVersion")
HOOKS = ("BeforeAllowTraffic", "AfterAllowTraffic")


@dataclass(frozen=True)
class AppSpec:
    """Hooks are names or ARNs of functions."""

    function_name: str
    alias: str
    current_version: str
    target_version: str
    before_hook: str | None = None
    after_hook: str | None = None


def revision_content(revision: Mapping[str, Any]) -> str:
    """The text of the AppSpec in a request's revision. Raises AwsError, NotImplementedHere for those in S3 or GitHub."""
    kind = revision.get("revisionType", "AppSpecContent")
    member = {"AppSpecContent": "appSpecContent", "String": "string"}.get(kind)
    if member is None:
        raise NotImplementedHere(f"a codedeploy revision of type {kind}", "AppSpecContent is")
    content = revision.get(member, {}).get("content")
    if not content:
        raise AwsError("InvalidRevisionException", f"The revision needs {member} with its content.")
    return str(content)


def read_appspec(content: str) -> AppSpec:
    """From JSON or YAML. Raises AwsError(InvalidRevisionException)."""
    try:
        check_depth(content)
        document = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, AttributeError) as error:  # the last is of a date that is none
        raise _invalid(f"it is neither JSON nor YAML: {error}") from error
    if not isinstance(document, dict) or str(document.get("version")) not in {"0.0", "0"}:
        raise _invalid("its version must be 0.0")
    properties = _function(document.get("Resources"))
    missing = [name for name in PROPERTIES if not properties.get(name)]
    if missing:
        raise _invalid(f"the function needs the property {missing[0]}")
    hooks = _hooks(document.get("Hooks") or [])
    function, alias, current, target = (str(properties[name]) for name in PROPERTIES)
    if current == target:
        raise _invalid(f"CurrentVersion and TargetVersion are both {current}")
    return AppSpec(function, alias, current, target, hooks.get(HOOKS[0]), hooks.get(HOOKS[1]))


def _function(resources: Any) -> Mapping[str, Any]:
    if not (
        isinstance(resources, list)
        and len(resources) == 1
        and isinstance(resources[0], dict)
        and len(resources[0]) == 1
    ):
        raise _invalid("Resources must be a list of exactly one function")
    ((name, resource),) = resources[0].items()
    if not isinstance(resource, dict) or resource.get("Type") != "AWS::Lambda::Function":
        raise _invalid(f"the resource {name} must have the Type AWS::Lambda::Function")
    properties = resource.get("Properties")
    if not isinstance(properties, dict):
        raise _invalid(f"the resource {name} has no Properties")
    return properties


def _hooks(hooks: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for hook in hooks if isinstance(hooks, list) else [hooks]:
        if not isinstance(hook, dict):
            raise _invalid("Hooks must be a list of names with their functions")
        found.update({str(name): str(function) for name, function in hook.items()})
    unknown = sorted(set(found) - set(HOOKS))
    if unknown:
        raise _invalid(f"the hook {unknown[0]} is none of {', '.join(HOOKS)}")
    return found


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRevisionException", f"The AppSpec cannot be used: {message}.")
