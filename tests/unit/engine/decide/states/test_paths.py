"""Paths: their syntax and what they mean. https://states-language.net/spec.html#path and #ref-paths"""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.states.path_syntax import PathSyntaxError, parse_path, parse_reference_path
from mlsystem.engine.decide.states.paths import CannotPut, PathNotFound, check_path, put, read

DOCUMENT = {
    "foo": 123,
    "bar": ["a", "b", "c"],
    "car": {"cdr": True, "with space": 1, "delivery-partner": "UQS", "none": None},
    "books": [{"price": 8, "title": "x", "tags": ["p"]}, {"price": 12, "title": "y"}],
    "store.book": 7,
    "&Ж中.𐍆": 9,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.foo", 123),
        ("$.bar", ["a", "b", "c"]),
        ("$.bar[0]", "a"),
        ("$.bar[-1]", "c"),
        ("$.car.cdr", True),
        ("$.car.none", None),
        ("$['car']['cdr']", True),
        ('$["car"].cdr', True),
        ("$.car['with space']", 1),
        ("$.car.delivery-partner", "UQS"),
        (r"$.store\.book", 7),
        (r"$.&Ж中\.𐍆", 9),
        ("$.books[1].title", "y"),
        ("$.car['cdr','none']", {"cdr": True, "none": None}),
    ],
)
def test_a_definite_path_means_one_value(path: str, value: Any) -> None:
    assert read(check_path(path), DOCUMENT) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.bar[*]", ["a", "b", "c"]),
        ("$.bar[0,2]", ["a", "c"]),
        ("$.bar[1:]", ["b", "c"]),
        ("$.bar[:2]", ["a", "b"]),
        ("$.bar[-2:]", ["b", "c"]),
        ("$.bar[::2]", ["a", "c"]),
        ("$.books[*].title", ["x", "y"]),
        ("$..price", [8, 12]),
        ("$.books[?(@.price < 10)].title", ["x"]),
        ("$.books[?(@.price < 10 && @.title == 'x')].price", [8]),
        ("$.books[?(@.title == 'x' || @.title == 'y')].price", [8, 12]),
        ("$.books[?(@.tags)].title", ["x"]),
        ("$.books[?(@.title =~ /X/i)].price", [8]),
        ("$.[?(@.price)]", []),
        ("$.nothing[*].here", []),
    ],
)
def test_an_indefinite_path_means_a_list(path: str, values: list[Any]) -> None:
    assert read(check_path(path), DOCUMENT) == values


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$.nope", "No results for path: $['nope']"),
        ("$.no.such", "Missing property in path $['no']"),
        ("$.bar[3]", "No results for path: $['bar'][3]"),
        ("$.bar.x", "No results for path: $['bar']['x']"),
        ("$.foo[0]", "No results for path: $['foo'][0]"),
    ],
)
def test_a_definite_path_that_means_nothing_is_an_error_in_awss_words(path: str, words: str) -> None:
    with pytest.raises(PathNotFound, match="^" + words.replace("$", r"\$").replace("[", r"\[") + "$"):
        read(check_path(path), DOCUMENT)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "foo",
        "$foo bar",
        "$.",
        "$..",
        "$.a.",
        "$[",
        "$['a'",
        "$[]",
        "$[a]",
        "$.a b",
        "$.a.length()",
        "$.a[?(@.b ==)]",
        "$.a[?(@.b == 1e999)]",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        check_path(path)


@pytest.mark.parametrize("text", ["-[1", "", '{"x": 1}'])
def test_nothing_is_found_in_a_text(text: str) -> None:
    assert read(check_path("$..x"), text) == []


def test_roots_are_the_document_the_context_object_or_a_variable() -> None:
    assert parse_path("$.a").root == "$"
    assert parse_path("$$.Execution.Id").root == "$$"
    assert parse_path("$name[0].x").variable == "name"
    assert parse_path("$$").variable is None


@pytest.mark.parametrize(
    "path", ["$.store.book", r"$.\stor\e.boo\k", r"$.foo\@bar.baz\[\[.\?pretty", "$.a[0][22].b", "$['a'][0]['b']"]
)
def test_reference_paths_mean_a_single_node(path: str) -> None:
    assert parse_reference_path(path).is_reference


@pytest.mark.parametrize("path", ["$.a[*]", "$..a", "$.a[0,1]", "$.a[1:]", "$.a[?(@.b)]", "$['a','b']"])
def test_a_path_that_can_mean_several_nodes_is_no_reference_path(path: str) -> None:
    with pytest.raises(PathSyntaxError, match="no Reference Path"):
        parse_reference_path(path)


def test_putting_makes_what_is_missing_and_leaves_the_document_as_it_was() -> None:
    document: dict[str, Any] = {"a": 1}
    assert put(parse_path("$.b.greeting"), document, "Hi!") == {"a": 1, "b": {"greeting": "Hi!"}}
    assert document == {"a": 1}
    assert put(parse_path("$"), document, 5) == 5


@pytest.mark.parametrize(
    ("path", "document"), [("$.a", 5), ("$.a.b", {"a": 1}), ("$.a[1]", {"a": [0]}), ("$.a[-1]", {"a": [0]})]
)
def test_there_may_be_no_place_to_put_a_value(path: str, document: Any) -> None:
    with pytest.raises(CannotPut):
        put(parse_path(path), document, 1)
