"""The intrinsic functions whose arguments are all known: plain functions of plain values.

Each takes its evaluated argument and raises TemplateError, in CloudFormation's words, for a wrong one.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Callable, Mapping

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.intrinsic import text_of

JOIN = (
    "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to"
    " be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
SPLIT = (
    "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split"
    " or a function that returns a string to be split."
)
SELECT = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
CIDR = "Template error: Fn::Cidr requires an ipBlock, a count between 1 and 256, and optionally the number of bits of each subnet"
BASE64 = "Template error: every Fn::Base64 object must have a String-typed value."


def join(argument: Json) -> Json:
    delimiter, items = _pair(argument, JOIN)
    if not isinstance(delimiter, str) or not isinstance(items, list):
        raise TemplateError(JOIN)
    texts = [text_of(item) for item in items]
    if any(text is None for text in texts):
        raise TemplateError(JOIN)
    return delimiter.join(text for text in texts if text is not None)


def split(argument: Json) -> Json:
    delimiter, text = _pair(argument, SPLIT)
    if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
        raise TemplateError(SPLIT)
    return [*text.split(delimiter)]


def select(argument: Json) -> Json:
    position, items = _pair(argument, SELECT)
    index = _integer(position)
    if index is None or not isinstance(items, list):
        raise TemplateError(SELECT)
    if not 0 <= index < len(items):
        raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def to_base64(argument: Json) -> Json:
    text = text_of(argument)
    if text is None:
        raise TemplateError(BASE64)
    return base64.b64encode(text.encode()).decode()


def length(argument: Json) -> Json:
    if not isinstance(argument, list):
        raise TemplateError("Template error: Fn::Length requires a list, or a function that returns a list")
    return len(argument)


def to_json_string(argument: Json) -> Json:
    if not isinstance(argument, dict | list):
        raise TemplateError("Template error: Fn::ToJsonString requires an object or an array")
    return json.dumps(argument, separators=(",", ":"), ensure_ascii=False)


def cidr(argument: Json) -> Json:
    """The first `count` blocks of `bits` host bits each; AWS lets the bits out when they follow from the block."""
    if not isinstance(argument, list) or len(argument) not in {2, 3} or not isinstance(argument[0], str):
        raise TemplateError(CIDR)
    count = _integer(argument[1])
    try:
        network = ipaddress.ip_network(argument[0])
    except ValueError as error:
        raise TemplateError(f"{CIDR}: {error}") from error
    if count is None or not 1 <= count <= 256:
        raise TemplateError(CIDR)
    host_bits = _integer(argument[2]) if len(argument) == 3 else _spare_bits(network, count)
    if host_bits is None:
        raise TemplateError(CIDR)
    return _blocks(network, count, network.max_prefixlen - host_bits)


def _spare_bits(network: ipaddress.IPv4Network | ipaddress.IPv6Network, count: int) -> int:
    """The largest equal blocks that fit `count` times."""
    return network.max_prefixlen - network.prefixlen - (count - 1).bit_length()


def _blocks(network: ipaddress.IPv4Network | ipaddress.IPv6Network, count: int, prefix: int) -> Json:
    if not network.prefixlen <= prefix <= network.max_prefixlen or 2 ** (prefix - network.prefixlen) < count:
        raise TemplateError(f"{CIDR}: {network} does not hold {count} blocks of /{prefix}")
    blocks = network.subnets(new_prefix=prefix)
    return [str(next(blocks)) for _ in range(count)]


def _pair(argument: Json, complaint: str) -> tuple[Json, Json]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise TemplateError(complaint)
    return argument[0], argument[1]


def _integer(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    return None


FUNCTIONS: Mapping[str, Callable[[Json], Json]] = {
    "Fn::Base64": to_base64,
    "Fn::Cidr": cidr,
    "Fn::Join": join,
    "Fn::Length": length,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::ToJsonString": to_json_string,
}
