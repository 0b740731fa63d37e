"""Faults on purpose, in a real server: each does what it is named after, from when it is asked to, and nothing without being asked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.project.container.program import Container, Running

NewContainer = Callable[..., Container]
ROW, CSV = b"0.9,red", {"Content-Type": "text/csv"}
ONE_WORKER = {"MODEL_SERVER_BIND": "unix:/tmp/server.sock", "MODEL_SERVER_WORKERS": "1"}


@pytest.fixture(scope="module")
def model(model_of: Callable[[str], Path]) -> Path:
    return model_of("binary")


@pytest.fixture
def faulty(new_container: NewContainer, model: Path) -> Callable[[str], tuple[Container, dict[str, str]]]:
    """A container, and the variables of a fault."""

    def make(fault: str) -> tuple[Container, dict[str, str]]:
        container = new_container(with_nginx=False)
        shutil.copytree(model, container.ml / "model")
        return container, {**ONE_WORKER, "FAULT": fault}

    return make


Faulty = Callable[[str], tuple[Container, dict[str, str]]]


def ask(running: Running, body: bytes = ROW) -> tuple[int, str]:
    status, _, text = running.request("POST", "/invocations", body, CSV)
    return status, text


def test_errors_begin_after_as_many_answers_as_are_named(faulty: Faulty) -> None:
    container, variables = faulty("errors:2")
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        assert [ask(running)[0] for _ in range(4)] == [200, 200, 500, 500]
    assert "asked for by FAULT" in container.log()


def test_answers_come_later_but_right(faulty: Faulty) -> None:
    container, variables = faulty("slow:1")
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        right = ask(running)
        begin = time.monotonic()
        assert ask(running) == right
        assert time.monotonic() - begin > 0.29


def test_a_constant_is_the_same_for_all_rows_and_different_answers_are_a_little_others(faulty: Faulty) -> None:
    answers = {}
    for fault in ("constant", "different", ""):
        container, variables = faulty(fault)
        with container.start("serve", variables=variables) as running:
            running.await_ping()
            answers[fault] = [float(line) for line in ask(running, b"0.9,red\n-0.9,blue")[1].split()]
    assert len(set(answers["constant"])) == 1
    assert answers["different"] == pytest.approx(answers[""], rel=0.05)
    assert answers["different"] != answers[""]


def test_garbled_answers_are_words_and_extra_ones_too_many(faulty: Faulty) -> None:
    answers = {}
    for fault in ("garbled", "extra"):
        container, variables = faulty(fault)
        with container.start("serve", variables=variables) as running:
            running.await_ping()
            answers[fault] = ask(running, b"0.9,red\n-0.9,blue")[1].split()
    assert answers["garbled"] == ["often", "often"]
    assert len(answers["extra"]) == 3
    assert all(0 <= float(cell) <= 1 for cell in answers["extra"])


def test_a_crash_ends_the_whole_server(faulty: Faulty) -> None:
    container, variables = faulty("crash:1")
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        assert ask(running)[0] == 200
        with pytest.raises(OSError):
            ask(running)
        assert running.wait() == 1


def test_a_leak_ends_in_errors_when_no_memory_is_left(faulty: Faulty) -> None:
    container, variables = faulty("leak")
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        statuses = [ask(running)[0] for _ in range(12)]
    assert statuses[0] == 200
    assert statuses[-1] == 500
    assert "MemoryError" in container.log()


@pytest.mark.parametrize(
    ("fault", "words"), [("crash-on-start", "as FAULT asks for"), ("boredom", "must be one of errors, slow")]
)
def test_a_server_that_is_to_end_or_does_not_know_its_fault_does_not_start(
    faulty: Faulty, fault: str, words: str
) -> None:
    container, variables = faulty(fault)
    finished = container.run("serve", variables=variables)
    assert finished.exit_code == 1
    assert words in finished.output
