"""Our XML is what xmltodict writes, which moto's serializers are made for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.serialize import get_serializer_class

from mlsystem.engine.front.protocol import XML_FORMS
from mlsystem.engine.front.xml_text import xml_text

xmltodict: Any = import_module("xmltodict")
NAMES = st.text("abcXYZ_0", min_size=1, max_size=4).map(lambda name: f"n{name}")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS, st.binary(max_size=4))


def _members(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.one_of(NAMES, NAMES.map(lambda name: f"@{name}"), st.just("#text"))
    return st.dictionaries(names, st.one_of(inner, st.lists(inner, max_size=3)), max_size=4).map(_without_odd_parts)


def _without_odd_parts(members: dict[str, Any]) -> dict[str, Any]:
    """Attributes and text are plain."""
    return {
        name: value
        for name, value in members.items()
        if not name.startswith(("@", "#")) or not isinstance(value, dict | list)
    }


BODIES = st.dictionaries(NAMES, st.recursive(LEAVES, _members, max_leaves=12), min_size=1, max_size=1)


@given(BODIES, st.booleans(), st.booleans())
def test_it_is_what_xmltodict_writes(body: dict[str, Any], has_prolog: bool, is_short: bool) -> None:
    expected = xmltodict.unparse(body, full_document=has_prolog, short_empty_elements=is_short)
    assert xml_text(body, has_prolog, is_short) == expected


@pytest.mark.parametrize("name", ["", "a b", "a<", "a/", '"', "?a", "!a", "a\tb"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        xml_text({"a": {name: "1"}}, False, True)


@pytest.mark.parametrize(("service", "wire"), [("sns", "query"), ("ec2", "ec2"), ("s3", "rest-xml")])
def test_it_has_the_form_that_moto_gives_each_wire(service: str, wire: str) -> None:
    body = {"Answer": {"@xmlns": "u", "None": None, "Texts": ["<a>", ""], "Yes": True}}
    known = object.__new__(get_serializer_class(service, wire))
    known.pretty_print = False
    form = XML_FORMS["s3" if service == "s3" else wire]
    assert xml_text(body, *form) == known._serialize_body(body)
