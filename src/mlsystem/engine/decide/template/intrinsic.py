"""What an intrinsic function looks like: an object with one key, `Ref`, `Condition` or `Fn::Name`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.errors import TemplateError

# Functions of values: they may stand in properties and outputs.
VALUE_FUNCTIONS = (
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
)
# Functions of truth: only in Conditions, and nested in each other.
CONDITION_FUNCTIONS = ("Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")
# Functions that AWS has and this engine has not.
REFUSED_FUNCTIONS = ("Fn::ForEach", "Fn::Transform", "Fn::GetStackOutput")
# Functions that exist only with the transform AWS::LanguageExtensions.
EXTENSION_FUNCTIONS = ("Fn::Length", "Fn::ToJsonString")

SHORT_FORMS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{"!" + name.removeprefix("Fn::"): name for name in (*VALUE_FUNCTIONS, *CONDITION_FUNCTIONS, "Fn::Transform")},
}


def function_of(value: Json) -> tuple[str, Json] | None:
    """Name and argument if `value` is a call of a function of values or of truth, else None.

    Raises TemplateError for an unknown function and NotImplementedHere for one that the engine does not have.
    """
    if not isinstance(value, dict):
        return None
    for name in value:
        if name.startswith("Fn::ForEach::"):
            raise NotImplementedHere("cloudformation function Fn::ForEach", "write the resources out")
    if len(value) != 1:
        _refuse_hidden(value)
        return None
    ((name, argument),) = value.items()
    if name == "Ref":
        return name, argument
    if not name.startswith("Fn::"):
        return None
    return _known(name), argument


def _known(name: str) -> str:
    if name in REFUSED_FUNCTIONS:
        raise NotImplementedHere(f"cloudformation function {name}")
    if name not in VALUE_FUNCTIONS + CONDITION_FUNCTIONS:
        supported = ", ".join(("Ref", "Condition", *VALUE_FUNCTIONS, *CONDITION_FUNCTIONS))
        raise TemplateError(
            f"Template error: Encountered unsupported function: {name} Supported functions are: [{supported}]"
        )
    return name


def _refuse_hidden(value: dict[str, Json]) -> None:
    """A function beside another key would silently be taken for data."""
    for name in value:
        if name in VALUE_FUNCTIONS + CONDITION_FUNCTIONS + REFUSED_FUNCTIONS:
            others = ", ".join(key for key in value if key != name)
            raise TemplateError(
                f"Template format error: {name} must be the only key of its object, but stands beside {others}."
            )


def text_of(value: Json) -> str | None:
    """How a scalar reads inside a string (`true`, `5`); None for what is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None
