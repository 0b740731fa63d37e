"""The rows of one merged record: what the endpoint answered beside the rows of its ground truth."""

from collections.abc import Mapping, Sequence

from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Cells, Problem, pick
from mlsystem.monitor.reading.bodies import body_rows
from mlsystem.monitor.reading.capture import Preprocessor
from mlsystem.monitor.reading.format import OUTPUT
from mlsystem.monitor.reading.lines import Json, UnreadableRecordError
from mlsystem.monitor.reading.records import inference_record
from mlsystem.monitor.reading.rows import Row, cell


def answers_of(record: Json, problem: Problem, preprocess: Preprocessor | None) -> list[Answer]:
    """The rows of a record, in order. Raises ValueError.

    A body of several rows is several predictions, and needs as many rows of ground truth.
    """
    truths = _rows(record["groundTruthData"])
    answered = _answered(record, len(truths), preprocess)
    if len(truths) == 1 < len(answered):
        truths = _split(truths[0], len(answered))
    if len(truths) != len(answered):
        raise ValueError(f"the endpoint answered {len(answered)} rows, and the ground truth has {len(truths)}")
    return [answer_of(problem, row, _truth(problem, truth)) for row, truth in zip(answered, truths, strict=True)]


def answer_of(problem: Problem, row: Cells, truth: str | None) -> Answer:
    """One row. Raises ValueError where a column is missing."""
    return Answer(
        truth,
        pick(row, problem.inference) if problem.inference else None,
        pick(row, problem.probability) if problem.probability else None,
    )


def _truth(problem: Problem, row: Cells) -> str | None:
    """What was right, of a row of ground truth: its only cell needs no name."""
    if len(row) == 1 and (problem.ground_truth is None or not isinstance(row, Mapping)):
        return next(iter(row.values() if isinstance(row, Mapping) else row))
    if problem.ground_truth is None:
        raise ValueError(f"the ground truth has {len(row)} cells a row: a ground_truth_attribute must say which counts")
    return pick(row, problem.ground_truth)


def _answered(record: Json, expected: int, preprocess: Preprocessor | None) -> Sequence[Cells]:
    if preprocess is not None:
        return [{name: cell(value) for name, value in row.items()} for row in preprocess(inference_record(record))]
    captured = record["captureData"]
    body = captured.get(OUTPUT) if isinstance(captured, Mapping) else None
    if not isinstance(body, Mapping):
        raise UnreadableRecordError(f"the capture has no {OUTPUT}: is it among the CaptureOptions?")
    rows = _rows(body)
    return _split(rows[0], expected) if len(rows) == 1 < expected else rows


def _split(row: Row, count: int) -> list[Row]:
    """One line of n cells that stands for n rows of one cell: so answer some of SageMaker's own containers."""
    return [[value] for value in row] if not isinstance(row, Mapping) and len(row) == count else [row]


def _rows(body: object) -> list[Row]:
    if not isinstance(body, Mapping):
        raise UnreadableRecordError("a body is no object")
    try:
        return body_rows(body)
    except RecursionError as error:
        raise UnreadableRecordError(f"a body is no table: {error}") from error
