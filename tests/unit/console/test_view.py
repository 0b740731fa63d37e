"""Words of others are drawn so that they are read as what they are."""

from __future__ import annotations

import pytest

from mlsystem.console.view import environment, seen, table_rows


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("abc\u202eexe.png", "abc\\u202eexe.png"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("a\u200bb\x00", "a\\u200bb\\u0000"),
        ("two\nlines\tand é 日本 עברית", "two\nlines\tand é 日本 עברית"),
    ],
)
def test_what_turns_words_around_or_hides_is_seen(given: str, drawn: str) -> None:
    assert seen(given) == drawn
    assert environment().from_string("{{ one }}").render(one=given) == drawn


def test_words_of_others_end_no_element_and_no_attribute() -> None:
    draw = environment().from_string(
        '<a title="{{ one }}">{{ one }}</a><script type="application/json">{{ one|as_json }}</script>'
    )
    hostile = "\"><script>alert(1)</script>'"
    assert draw.render(one=hostile).count("<script") == 1
    assert draw.render(one=hostile).count('"') == 4 + 3


def test_a_table_of_a_chart_is_what_a_template_would_make_of_its_cells() -> None:
    rows = [("a", "<b>"), ("\x00\x01\u202e", ""), ("é", "1"), ("", "")]
    template = "{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}"
    assert table_rows(rows) == environment().from_string(template).render(rows=rows)
    assert table_rows([]) == ""
