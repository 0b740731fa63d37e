"""How rows go to a contender, and how its answer is read: CSV where it takes CSV, else its own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.served.workload import most_probable

Answers = list[tuple[int, float]]


@dataclass(frozen=True)
class Wire:
    content_type: str
    body: Callable[[Sequence[str]], bytes]
    read: Callable[[bytes], Answers]


def _csv(rows: Sequence[str]) -> bytes:
    return "\n".join(rows).encode()


def _csv_with_header(rows: Sequence[str]) -> bytes:
    names = ",".join(f"f{place}" for place in range(len(rows[0].split(","))))
    return _csv([names, *rows])


def _numbers(rows: Sequence[str]) -> list[list[float]]:
    return [[float(cell) for cell in row.split(",")] for row in rows]


def _instances(rows: Sequence[str]) -> bytes:
    return json.dumps({"instances": _numbers(rows)}).encode()


def _tensor(rows: Sequence[str]) -> bytes:
    numbers = _numbers(rows)
    flat = [number for row in numbers for number in row]
    tensor = {"name": "rows", "shape": [len(numbers), len(numbers[0])], "datatype": "FP64", "data": flat}
    return json.dumps({"inputs": [tensor]}).encode()


def _read_lines(answer: bytes) -> Answers:
    cells = [line.split(",") for line in answer.decode().splitlines()]
    return [(int(code), float(probability)) for code, probability in cells]


def _read_predictions(answer: bytes) -> Answers:
    return [most_probable(row) for row in json.loads(answer)["predictions"]]


def _read_matrix(answer: bytes) -> Answers:
    return [most_probable(row) for row in json.loads(answer)]


def _read_tensor(answer: bytes) -> Answers:
    [tensor] = json.loads(answer)["outputs"]
    flat, width = tensor["data"], tensor["shape"][1]
    return [most_probable(flat[place : place + width]) for place in range(0, len(flat), width)]


CSV = Wire("text/csv", _csv, _read_lines)
PLAIN_TEXT = Wire("text/plain", _csv, _read_lines)
CSV_TO_JSON = Wire("text/csv", _csv, _read_matrix)
CSV_WITH_HEADER = Wire("text/csv", _csv_with_header, _read_predictions)
INSTANCES = Wire("application/json", _instances, _read_predictions)
OPEN_INFERENCE = Wire("application/json", _tensor, _read_tensor)
