"""DataProcessing: what is sent of a record, and how its answer is joined with it.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Protocol

from .payloads import BadInput
from .selection import Pick, selection

INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"
CSV = "text/csv"
JSON = ("application/json", "application/jsonlines")


class BadAnswer(Exception):
    """An answer that cannot be joined or filtered."""


class Format(Protocol):
    """How values lie in a text, and how an answer is joined with the record that it answers."""

    def values(self, text: bytes, is_one: bool) -> list[Any]:
        """`is_one`: the text is one value where the format leaves that open. Raises ValueError."""
        ...

    def text(self, value: Any) -> bytes:
        """One line. Raises ValueError for what the format cannot say."""
        ...

    def joined(self, record: Any, answer: Any) -> Any: ...


class Rows:
    """CSV: each row an array."""

    def values(self, text: bytes, is_one: bool) -> list[Any]:
        try:
            return [row for row in csv.reader(io.StringIO(text.decode(), newline=""), strict=True) if row]
        except csv.Error as error:
            raise ValueError(f"it is not CSV: {error}") from error

    def text(self, value: Any) -> bytes:
        row = value if isinstance(value, list) else [value]
        if any(isinstance(cell, (dict, list)) for cell in row):
            raise ValueError("a row of CSV cannot hold an array or an object")
        stream = io.StringIO()
        csv.writer(stream, lineterminator="").writerow(row)
        return stream.getvalue().encode()

    def joined(self, record: Any, answer: Any) -> Any:
        return [*record, *answer]


class Documents:
    """JSON: one document, or one a line."""

    def values(self, text: bytes, is_one: bool) -> list[Any]:
        return [json.loads(part) for part in ([text] if is_one else text.splitlines()) if part.strip()]

    def text(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    def joined(self, record: Any, answer: Any) -> Any:
        return {**(record if isinstance(record, dict) else {INPUT: record}), OUTPUT: answer}


def media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def format_of(content_type: str) -> Format | None:
    """None for what is neither CSV nor JSON."""
    kind = media_type(content_type)
    return Rows() if kind == CSV else Documents() if kind in JSON else None


class Processing:
    """`is_split`: each record is a line of its object."""

    def __init__(self, content_type: str, is_split: bool, input_filter: str, output_filter: str, is_joined: bool):
        self._format = format_of(content_type)
        self._record_is_one = is_split or media_type(content_type) == JSON[0]
        self._input: Pick | None = selection(input_filter)
        self._output: Pick | None = selection(output_filter)
        self._is_joined = is_joined

    @property
    def changes_answers(self) -> bool:
        return self._is_joined or self._output is not None

    def sent(self, record: bytes) -> bytes:
        """What is sent of a record. Raises BadInput."""
        if self._input is None:
            return record
        try:
            return self._text(map(self._input, self._values(record)))
        except ValueError as error:
            raise BadInput(f"InputFilter cannot be applied: {error}") from error

    def answer(self, records: list[bytes], answer: bytes, content_type: str) -> bytes:
        """What is written of the answer to these records. Raises BadAnswer."""
        if not self.changes_answers:
            return answer
        if type(format_of(content_type)) is not type(self._format):
            raise BadAnswer(f"the answers are {content_type or 'of no Content-Type'}, not in the format of the input")
        try:
            return self._text(self._results(records, answer))
        except ValueError as error:
            raise BadAnswer(f"the answers cannot be joined or filtered: {error}") from error

    def _results(self, records: list[bytes], answer: bytes) -> list[Any]:
        assert self._format is not None
        inputs = [value for record in records for value in self._values(record)]
        answers = self._format.values(answer, is_one=len(inputs) == 1)
        if len(answers) != len(inputs):
            raise BadAnswer(f"the container gave {len(answers)} answers to {len(inputs)} records")
        if self._is_joined:
            answers = [self._format.joined(*pair) for pair in zip(inputs, answers, strict=True)]
        return answers if self._output is None else [self._output(one) for one in answers]

    def _values(self, record: bytes) -> list[Any]:
        assert self._format is not None
        return self._format.values(record, self._record_is_one)

    def _text(self, values: Iterable[Any]) -> bytes:
        assert self._format is not None
        return b"\n".join(self._format.text(value) for value in values)
