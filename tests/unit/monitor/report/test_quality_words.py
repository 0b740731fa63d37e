"""Violations in plain words, made of the very texts that the analyzer writes."""

import pytest

from mlsystem.monitor import texts
from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.report.element import element
from mlsystem.monitor.report.quality_words import in_words, parse_violations
from mlsystem.monitor.violations import Violation, violations_document
from tests.unit.monitor.report.made import HOSTILE


@pytest.mark.parametrize(
    ("kind", "description", "told"),
    [
        (
            texts.DATA_TYPE_CHECK,
            texts.data_type_mismatch("Integral", 1.0, 0.996),
            "Not everything is whole numbers, as the baseline says: only 99.6\u00a0% of the values are.",
        ),
        (
            texts.COMPLETENESS_CHECK,
            texts.share_too_low(0.25),
            "Of the rows 75\u00a0% have no value here, which is more than the baseline allows.",
        ),
        (
            texts.CATEGORICAL_VALUES_CHECK,
            texts.share_too_low(1e-5),
            "Of the values over 99.9\u00a0% are none of those that the baseline lists.",
        ),
        (texts.MISSING_COLUMN_CHECK, texts.missing_columns(["a", "b"], 1, 3), "that are not in the data: {a, b}."),
        (texts.EXTRA_COLUMN_CHECK, texts.extra_columns(["x. y"], 3, 1), "that the baseline does not know: {x. y}."),
        ("a_new_check", "What is this", "{What is this}"),
        (texts.COMPLETENESS_CHECK, "Another text", "{Another text}"),
    ],
)
def test_every_check_is_told_in_words_and_an_unknown_one_as_it_is(kind: str, description: str, told: str) -> None:
    rendered = element("p", *in_words(Violation("n", kind, description))).render()
    assert told in rendered.replace('<bdi class="foreign">', "{").replace("</bdi>", "}")


def test_hostile_names_of_columns_stay_names() -> None:
    violation = Violation("Extra columns", texts.EXTRA_COLUMN_CHECK, texts.extra_columns([HOSTILE], 2, 1))
    assert "<script" not in element("p", *in_words(violation)).render()


def test_violations_come_back_as_they_were_written() -> None:
    violations = (Violation("n", texts.COMPLETENESS_CHECK, texts.share_too_low(0.5)),)
    assert parse_violations(violations_document(violations)) == violations
    with pytest.raises(DocumentError, match=r"\$ has no member 'violations'"):
        parse_violations({})
