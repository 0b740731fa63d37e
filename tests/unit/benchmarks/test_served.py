"""The benchmark of serving: what it sends and reads, what it refuses to measure, and what it tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.served import processes, wire
from benchmarks.served.contender import Contender, NotRunError, Service
from benchmarks.served.measuring import Case, Measuring, Turn
from benchmarks.served.report import markdown, picture, summary
from benchmarks.served.workload import Workload, WrongAnswerError
from benchmarks.served.wrk import Load

ROOT = Path(__file__).parents[3]
ROWS = ["1.0,2.5", "0.5,-3.0"]
PROBABILITIES = [[0.7, 0.3], [0.25, 0.75]]
CASE = Case(1, 16)


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    (tmp_path / "rows.csv").write_text("\n".join(ROWS))
    (tmp_path / "probabilities.json").write_text(json.dumps(PROBABILITIES))
    return Workload(tmp_path)


@pytest.mark.parametrize(
    ("form", "body", "answer"),
    [
        (wire.CSV, b"1.0,2.5\n0.5,-3.0", b"0,0.7\n1,0.75\n"),
        (wire.CSV_TO_JSON, b"1.0,2.5\n0.5,-3.0", b"[[0.7, 0.3], [0.25, 0.75]]"),
        (wire.CSV_WITH_HEADER, b"f0,f1\n1.0,2.5\n0.5,-3.0", b'{"predictions": [[0.7, 0.3], [0.25, 0.75]]}'),
        (wire.INSTANCES, b'{"instances": [[1.0, 2.5], [0.5, -3.0]]}', b'{"predictions": [[0.7, 0.3], [0.25, 0.75]]}'),
        (
            wire.OPEN_INFERENCE,
            b'{"inputs": [{"name": "rows", "shape": [2, 2], "datatype": "FP64", "data": [1.0, 2.5, 0.5, -3.0]}]}',
            b'{"outputs": [{"shape": [2, 2], "data": [0.7, 0.3, 0.25, 0.75]}]}',
        ),
    ],
)
def test_each_form_carries_the_same_rows_and_the_same_answers(
    workload: Workload, form: wire.Wire, body: bytes, answer: bytes
) -> None:
    assert form.body(ROWS) == body
    answers = form.read(answer)
    assert answers == [(0, 0.7), (1, 0.75)]
    workload.require(answers, 0)


@pytest.mark.parametrize("wrong", [[(1, 0.7)], [(0, 0.7000001)], [(0, 0.3)]])
def test_another_class_or_probability_is_refused(workload: Workload, wrong: list[tuple[int, float]]) -> None:
    with pytest.raises(WrongAnswerError, match="row 0"):
        workload.require(wrong, 0)


class Named:
    """A contender that only has a name, or says why it does not run."""

    def __init__(self, name: str, problem: str = ""):
        self.name, self._problem = name, problem

    @contextmanager
    def serving(self, workload: Workload, folder: Path) -> Iterator[Service]:
        if self._problem:
            raise NotRunError(self._problem)
        yield Service(0, "", wire.CSV, 0.0)


def _load(rate: float, p99_ms: float, errors: int = 0) -> Load:
    return Load(int(rate), 1.0, errors, p99_ms / 4, p99_ms)


def _measured(workload: Workload, contender: Contender, turns: list[Turn], ended: list[Any]) -> Measuring:
    made = Measuring(Named("bare handler"), [contender], [CASE], 1, workload, workload.folder, ended.append)
    for found in made.found.values():
        found.start_seconds, found.megabytes = [1.5], [90.0]
    made.found[contender.name].turns[CASE] = turns
    return made


def test_what_is_told_is_the_middle_ratio_to_the_bare_handler_beside_it(workload: Workload) -> None:
    turns = [
        Turn(_load(500, 8), _load(1000, 2), 0.5, 0.1),
        Turn(_load(60, 80), _load(200, 20), 0.06, 0.02),  # the machine was busy
        Turn(_load(700, 9, errors=2), _load(1000, 2), 0.7, 0.1),
    ]
    found = summary(_measured(workload, Named("our endpoint"), turns, []))
    rows = found["cases"]["1 row, 16 connections"]
    assert rows["bare handler"]["of_bare"] == 1
    ours = rows["our endpoint"]
    assert [ours[name] for name in ("of_bare", "of_bare_least", "of_bare_greatest")] == [0.5, 0.3, 0.7]
    assert (ours["requests"], ours["errors"], ours["cpu_us_per_request"]) == (1260, 2, 1000)
    told = markdown(found)
    assert "| our endpoint | 500 | 0.500 (0.30 to 0.70) | 2.25 | 9.00 | 1,000 | 2 |" in told
    assert "| our endpoint | 1.5 | 90 |" in told
    drawn = ElementTree.fromstring(picture(found))
    assert [one.get("width") for one in drawn.iter("{http://www.w3.org/2000/svg}rect")][1:] == ["460.0", "230.0"]


def test_who_cannot_run_is_named_with_the_reason(workload: Workload) -> None:
    ended: list[Any] = []
    peer = Named("a peer", "the program java is not installed")
    made = _measured(workload, peer, [], ended)
    made._turn(peer, made.found["a peer"], Service(0, "", wire.CSV, 0.0))
    assert "Not measured: a peer: NotRunError: the program java is not installed" in markdown(summary(made))
    assert ended == [set()], "and what it left is ended"


ORPHANS = """
import os, subprocess, sys
from benchmarks.served import processes
processes.adopt_orphans()
sleeper = "import subprocess as s; print(s.Popen(['sleep', '600'], stdout=s.DEVNULL, start_new_session=True).pid)"
spared = subprocess.Popen(["sleep", "600"])
orphan = int(subprocess.run([sys.executable, "-c", sleeper], stdout=subprocess.PIPE, check=True).stdout)
assert processes.descendants(os.getpid()) == {spared.pid, orphan}
assert processes.megabytes({orphan}) > 0
processes.end({spared.pid})
assert processes.descendants(os.getpid()) == {spared.pid}
processes.end(set())
assert processes.descendants(os.getpid()) == set()
"""


def test_no_process_of_a_contender_outlives_its_turn_though_it_put_itself_apart() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHANS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_processors_seconds_of_a_process_are_counted() -> None:
    before = processes.cpu_seconds({os.getpid()})
    while processes.cpu_seconds({os.getpid()}) < before + 0.02:
        sum(range(10_000))
    assert processes.cpu_seconds({os.getpid()}) > before
