"""The text of a template, JSON or YAML, as plain values.

CloudFormation reads YAML 1.1 without aliases, merges and the tags binary, omap, pairs, set and timestamp: so `on` is
true, `012` is ten, and `2012-10-17` stays text. A general loader disagrees in each of these, hence our own walk over
the nodes of PyYAML, which also keeps line numbers, writes short intrinsics (`!Sub`) in their long form, and refuses a
key that is there twice.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import yaml
from pydantic import JsonValue as Json
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlsystem.engine.decide.depth import TOO_DEEP, check_depth, is_too_deep
from mlsystem.engine.decide.template.errors import Path, TemplateError, pointer
from mlsystem.engine.decide.template.intrinsic import SHORT_FORMS

SURROGATE = re.compile("[\ud800-\udfff]")
YAML_TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = {YAML_TAG + name for name in ("str", "seq", "map")}
TYPED_TAGS = {YAML_TAG + name for name in ("int", "float", "bool", "null")}


@dataclass(frozen=True)
class Document:
    """A template as plain values, and the line of each of them where the text told it."""

    body: dict[str, Json]
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of the value at `path`, or of the nearest thing around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_document(text: str) -> Document:
    """Raises TemplateError for what is not well-formed, doubled, or not a mapping."""
    if SURROGATE.search(text):
        raise TemplateError("Template format error: the template is no Unicode text.")
    lines: dict[Path, int] = {}
    body = _read_json(text) if text.lstrip().startswith("{") else _read_yaml(text, lines)
    if not isinstance(body, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return Document(body, lines)


def _read_json(text: str) -> Json:
    try:
        body = cast(Json, json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        raise TemplateError(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError(f"Template format error: JSON not well-formed: {error}") from error
    if is_too_deep(body):
        raise TemplateError(f"Template format error: {TOO_DEEP}.")
    return body


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key, value in pairs:
        if key in result:
            raise TemplateError(f"Template format error: the key {key!r} is there twice in one object.")
        result[key] = value
    return result


def _no_constant(name: str) -> NoReturn:
    raise TemplateError(f"Template format error: JSON not well-formed: {name} is not a JSON value.")


class _Loader(yaml.CSafeLoader):
    """Only for its table of what a plain scalar means: without time stamps and merges."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in {YAML_TAG + "timestamp", YAML_TAG + "merge"}]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _read_yaml(text: str, lines: dict[Path, int]) -> Json:
    try:
        check_depth(text)
        _refuse_aliases(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _malformed(error) from error
    except yaml.YAMLError as error:
        raise TemplateError("Template format error: YAML not well-formed.") from error
    if root is None:
        raise TemplateError("Template format error: unsupported structure.")
    return _Builder(lines).value(root, ())


def _refuse_aliases(text: str) -> None:
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else "unknown"
            raise TemplateError(
                f"Template format error: YAML aliases are not allowed in CloudFormation templates (line {line})"
            )


def _malformed(error: yaml.MarkedYAMLError) -> TemplateError:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return TemplateError("Template format error: YAML not well-formed.")
    return TemplateError(
        f"Template format error: YAML not well-formed. (line {mark.line + 1}, column {mark.column + 1})"
    )


class _Builder:
    """Turns nodes into values and notes their lines."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self.lines = lines
        self._scalars = SafeConstructor()

    def value(self, node: Node, path: Path) -> Json:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag.startswith("!"):
            return self._short_form(node, path)
        if node.tag not in PLAIN_TAGS | TYPED_TAGS:
            name = node.tag.removeprefix(YAML_TAG)
            raise TemplateError(f"Template format error: the YAML tag !!{name} is not supported.", path).located(
                self._line
            )
        return self._untagged(node, path)

    def _untagged(self, node: Node, path: Path) -> Json:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            here = (*path, key)
            self.lines[here] = key_node.start_mark.line + 1
            if key in result:
                raise TemplateError(
                    f"Template format error: the key {key!r} is there twice in one mapping.", here
                ).located(self._line)
            result[key] = self.value(value_node, here)
        return result

    def _key(self, node: Node, path: Path) -> str:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode):
            raise TemplateError(f"Template format error: [{pointer(path)}] map keys must be strings. (line {line})")
        if node.value == "<<" and not node.style:
            raise TemplateError(f"Template format error: YAML hash merges (<<) are not supported. (line {line})")
        if node.tag in PLAIN_TAGS:
            return str(node.value)
        kind = {"int": "numeric", "float": "numeric", "bool": "boolean"}.get(node.tag.removeprefix(YAML_TAG), "null")
        raise TemplateError(
            f"Template format error: [{pointer(path)}] map keys must be strings;"
            f" received {kind} [{node.value}] instead (line {line}). Put it in quotes."
        )

    def _scalar(self, node: ScalarNode, path: Path) -> Json:
        construct: Any = {
            YAML_TAG + "int": self._scalars.construct_yaml_int,
            YAML_TAG + "float": self._scalars.construct_yaml_float,
            YAML_TAG + "bool": self._scalars.construct_yaml_bool,
            YAML_TAG + "null": lambda _: None,
        }.get(node.tag, lambda plain: plain.value)
        try:
            value = construct(node)
        except (ValueError, KeyError, ConstructorError) as error:
            raise TemplateError(f"Template format error: cannot read {node.value!r}.", path).located(
                self._line
            ) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise TemplateError(f"Template format error: {node.value!r} is not a number.", path).located(self._line)
        return cast(Json, value)

    def _short_form(self, node: Node, path: Path) -> Json:
        name = SHORT_FORMS.get(node.tag)
        if name is None:
            raise TemplateError(f"Template format error: unknown tag {node.tag}.", path).located(self._line)
        here = (*path, name)
        if isinstance(node, ScalarNode):
            return {name: _attribute(node.value) if name == "Fn::GetAtt" else node.value}
        return {name: self._untagged(node, here)}

    def _line(self, path: Path) -> int | None:
        return Document({}, self.lines).line(path)


def _attribute(text: str) -> Json:
    """`!GetAtt Endpoint.Name` is the list form; what has no dot is left for the validation to refuse."""
    return [*text.split(".", 1)] if "." in text else text
