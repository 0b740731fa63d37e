"""The only way to HTML lets nothing of the data become markup."""

import pytest

from mlsystem.monitor.report.element import Element, element, escaped, foreign
from tests.unit.monitor.report.made import HOSTILE


def test_text_and_attributes_are_escaped() -> None:
    rendered = element("p", HOSTILE, title=HOSTILE).render()
    safe = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#x27;"
    assert rendered == f'<p title="{safe}">{safe}</p>'


def test_names_of_attributes_may_be_python_words() -> None:
    assert (
        element("a", "x", class_="b", aria_label="c", href="#d").render()
        == '<a class="b" aria-label="c" href="#d">x</a>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        Element("script", {}, ("alert(1)",)),
        Element("p onload=x", {}, ()),
        Element("p", {"onclick": "x"}, ()),
        Element("p", {"a b": "x"}, ()),
        Element("img", {"src": "https://example.com/x.png"}, ()),
        Element("a", {"href": "javascript:alert(1)"}, ()),
        Element("a", {"href": "https://example.com"}, ()),
        Element("iframe", {}, ()),
        Element("style", {}, ("</style><script>",)),
        Element("style", {}, (element("b", "x"),)),
    ],
)
def test_what_could_run_or_leave_the_page_is_refused(hostile: Element) -> None:
    with pytest.raises(ValueError, match=r"no place|out of the page|style sheet"):
        element("body", hostile).render()


def test_characters_that_no_document_may_hold_are_replaced() -> None:
    assert escaped("a\x00b\ud800c\x1bd\te") == "a\ufffdb\ufffdc\ufffdd\te"


def test_what_comes_from_the_data_is_short_and_keeps_its_writing_direction_to_itself() -> None:
    assert foreign("x" * 100, 10).render() == f'<bdi class="foreign">{"x" * 9}…</bdi>'
    assert "<bdi" in foreign("\u202eevil").render()
    assert "(empty)" in foreign("").render()
    assert "(blanks)" in foreign("  ").render()
