"""The inference server as a real process, over its socket: Nginx and Gunicorn, Gunicorn alone, and Granian."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.project.container.program import Container, Running

NewContainer = Callable[..., Container]
SOCKET = {"MODEL_SERVER_BIND": "unix:/tmp/server.sock", "MODEL_SERVER_WORKERS": "2"}
FRONTS = ("nginx", "gunicorn", "granian")  # who takes the connections
CSV, JSON = {"Content-Type": "text/csv"}, {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def model(model_of: Callable[[str], Path]) -> Path:
    return model_of("binary")


ALONE = FRONTS[1:]
HOSTS = {"MODEL_SERVER_FRONT": "host"}


def at_socket(front: str) -> dict[str, str]:
    return {**SOCKET, **HOSTS} if front == "granian" else SOCKET


def answering(front: str) -> str:
    """The program whose children answer."""
    return "granian" if front == "granian" else "gunicorn"


@pytest.fixture(scope="module", params=FRONTS)
def server(request: pytest.FixtureRequest, container_python: Path, model: Path) -> Iterator[Running]:
    """A server that answers; the tests that use it leave it as they found it."""
    container = Container(container_python, with_nginx=request.param == "nginx")
    shutil.copytree(model, container.ml / "model")
    with container.start("serve", variables=at_socket(request.param)) as running:
        running.await_ping()
        yield running
    container.remove()


@pytest.fixture(autouse=True)
def _nginx_where_it_is_tested(request: pytest.FixtureRequest, need_tool: Callable[[str], str]) -> None:
    """Where it is missing the program would serve without it, and the test would prove nothing."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if "nginx" in (parameters.get("server"), parameters.get("front")):
        need_tool("nginx")


def serving(new_container: NewContainer, model: Path, **options: Any) -> Container:
    container = new_container(**options)
    shutil.copytree(model, container.ml / "model")
    return container


def test_the_right_server_stands_in_front(server: Running, request: pytest.FixtureRequest) -> None:
    _, headers, _ = server.request("GET", "/ping")
    assert headers["server"] == request.node.callspec.params["server"]


def test_each_csv_row_gets_one_line(server: Running) -> None:
    status, headers, body = server.request("POST", "/invocations", b"0.9,red\n-0.9,blue\n,purple\n", CSV)
    scores = [float(line) for line in body.splitlines()]
    assert (status, headers["content-type"], len(scores)) == (200, "text/csv; charset=utf-8", 3)
    assert scores[0] > 0.5 > scores[1]


def test_json_and_csv_give_the_same_numbers(server: Running) -> None:
    rows = {"instances": [[0.9, "red"], {"colour": "blue", "size": -0.9}, [None, "purple"]]}
    _, headers, body = server.request("POST", "/invocations", json.dumps(rows).encode(), JSON)
    _, _, text = server.request("POST", "/invocations", b"0.9,red\n-0.9,blue\n,purple\n", CSV)
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"predictions": [float(line) for line in text.splitlines()]}


def test_the_answers_type_can_be_asked_for(server: Running) -> None:
    _, _, as_json = server.request("POST", "/invocations", b"0.9,red", {**CSV, "Accept": "application/json"})
    _, _, as_csv = server.request("POST", "/invocations", b"0.9,red", {**CSV, "Accept": "*/*"})
    assert json.loads(as_json)["predictions"] == [float(as_csv)]


def test_custom_attributes_come_back(server: Running) -> None:
    sent = {**CSV, "X-Amzn-SageMaker-Custom-Attributes": "trace=17"}
    assert (
        server.request("POST", "/invocations", b"0.9,red", sent)[1]["x-amzn-sagemaker-custom-attributes"] == "trace=17"
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "named"),
    [
        ("POST", "/invocations", b"1,red", {"Content-Type": "image/png"}, 415, "image/png"),
        ("POST", "/invocations", b"1,red", {}, 415, "(none)"),
        ("POST", "/invocations", b"1,red", {**CSV, "Accept": "image/png"}, 406, "image/png"),
        ("POST", "/invocations", b"1,red\n1", CSV, 400, "row 2 has 1 columns; the model takes 2"),
        ("POST", "/invocations", b"1,red\nbig,red", CSV, 400, "row 2, column 'size': 'big' is not a number"),
        ("POST", "/invocations", b"{", JSON, 400, "not JSON"),
        ("POST", "/invocations", b"", CSV, 400, "no rows"),
        ("POST", "/invocations", b"0" * (6 * 1024 * 1024 + 1), CSV, 413, ""),
        ("GET", "/", None, {}, 404, "two routes"),
    ],
)
def test_a_wrong_request_gets_its_status_and_a_json_error(
    server: Running, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int, named: str
) -> None:
    answered, answer_headers, text = server.request(method, path, body, headers)
    assert (answered, answer_headers["content-type"]) == (status, "application/json")
    assert named in json.loads(text)["error"]


def test_a_chunked_body_is_read_and_limited(server: Running) -> None:
    pieces = (b"0.9,red\n" for _ in range(3))
    assert len(chunked(server, pieces)[1].splitlines()) == 3
    status, text = chunked(server, (b"0.1,red\n" * 8192 for _ in range(100)))
    assert status == 413
    assert json.loads(text)["error"]


def chunked(server: Running, pieces: Iterator[bytes]) -> tuple[int, str]:
    status, _, text = server.request("POST", "/invocations", pieces, CSV)  # type: ignore[arg-type]
    return status, text


def test_a_body_of_many_rows_is_answered_row_by_row(server: Running) -> None:
    rows = b"".join(b"%.3f,red\n" % (n / 1000) for n in range(5000))
    _, _, body = server.request("POST", "/invocations", rows, CSV)
    _, _, last = server.request("POST", "/invocations", b"4.999,red\n", CSV)
    assert len(body.splitlines()) == 5000
    assert body.splitlines()[-1] == last.strip()


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("uid", [0, 1000])
def test_sigterm_drains_and_both_end(new_container: NewContainer, model: Path, front: str, uid: int) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx", uid=uid)
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    assert not (container.tmp / "server.sock").exists()
    assert list(container.tmp.iterdir()) == [], "it cleans up what it wrote"
    assert "error" not in container.log().lower()


@pytest.mark.parametrize("front", FRONTS)
def test_a_request_under_way_is_answered_before_the_end(new_container: NewContainer, model: Path, front: str) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx")
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
        caller = running.connect()
        caller.sendall(HALF_A_REQUEST)
        assert caller.recv(1000).startswith(b"HTTP/1.1 100 Continue"), "the server has taken the request"
        running.signal(signal.SIGTERM)
        await_refusal(running)
        caller.sendall(b"0.9,red\n")
        assert caller.recv(1000).startswith(b"HTTP/1.1 200 OK")
        caller.close()
        assert running.wait() == 0


HALF_A_REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: container\r\nContent-Type: text/csv\r\nContent-Length: 8\r\n"
    b"Expect: 100-continue\r\n\r\n"
)


def await_refusal(running: Running) -> None:
    """Until the server takes no new connection."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            running.connect().close()
        except (ConnectionRefusedError, FileNotFoundError):
            return
        select.select([], [], [], 0.02)
    raise AssertionError("the server still takes connections")


@pytest.mark.parametrize(
    ("victim", "front"),
    [("gunicorn", "nginx"), ("nginx: master", "nginx"), ("gunicorn", "gunicorn"), ("granian", "granian")],
)
def test_if_one_dies_the_whole_ends_with_1(new_container: NewContainer, model: Path, victim: str, front: str) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx")
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
        os.kill(child_of(running.pid, victim), signal.SIGKILL)
        assert running.wait() == 1
    assert "ended with -9" in container.log()


def child_of(pid: int, name: str) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    named = [int(child) for child in children if name in Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")]
    assert len(named) == 1, (name, named)
    return named[0]


@pytest.mark.parametrize("front", ALONE)
def test_a_worker_that_dies_is_replaced_and_the_server_lives_on(
    new_container: NewContainer, model: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=False)
    with container.start("serve", variables={**at_socket(front), "MODEL_SERVER_WORKERS": "1"}) as running:
        running.await_ping()
        parent = child_of(running.pid, front)
        os.kill(child_of(parent, front), signal.SIGKILL)
        assert running.await_ping() == "{}\n"
        assert running.bwrap.poll() is None


@pytest.mark.parametrize("front", FRONTS)
def test_a_socket_that_a_killed_server_left_is_taken_over(new_container: NewContainer, model: Path, front: str) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx")
    for _ in range(2):
        with container.start("serve", variables=at_socket(front)) as running:
            running.await_ping()  # and the block's end kills it
        assert (container.tmp / "server.sock").exists()


@pytest.mark.parametrize("front", FRONTS)
def test_it_listens_on_port_8080_of_its_own_network(new_container: NewContainer, model: Path, front: str) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx")
    ask = (
        "import subprocess, sys, time, urllib.request, urllib.error\n"
        "server = subprocess.Popen(['serve'])\n"
        "for _ in range(1000):\n"
        "    try: print(urllib.request.urlopen('http://127.0.0.1:8080/ping', timeout=10).status); break\n"
        "    except urllib.error.URLError: time.sleep(0.02)\n"
        "server.terminate(); sys.exit(server.wait())\n"
    )
    finished = container.run("python3", "-c", ask, variables=HOSTS if front == "granian" else {})
    assert finished.exit_code == 0, finished.output
    assert "\n200\n" in f"\n{finished.output}"


def missing_model(folder: Path) -> None:
    (folder / "model.txt").unlink()


def broken_model(folder: Path) -> None:
    (folder / "model.txt").write_text("no tree\n")


def missing_schema(folder: Path) -> None:
    (folder / "inference" / "schema.json").unlink()


def other_schema(folder: Path) -> None:
    path = folder / "inference" / "schema.json"
    content = json.loads(path.read_text())
    content["features"].append({"name": "extra", "categories": None})
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (missing_model, "model.txt"),
        (broken_model, "model.txt"),
        (missing_schema, "schema.json: there is no such file"),
        (other_schema, "the model takes 2 columns, its schema 3"),
    ],
)
def test_a_model_that_cannot_be_loaded_leaves_ping_at_503_with_the_reason(
    new_container: NewContainer, model: Path, damage: Callable[[Path], None], reason: str
) -> None:
    container = serving(new_container, model, with_nginx=False)
    damage(container.ml / "model")
    with container.start("serve", variables={**SOCKET, "MODEL_SERVER_WORKERS": "1"}) as running:
        assert reason in json.loads(running.await_ping(503))["error"]
        status, _, _ = running.request("POST", "/invocations", b"1,red", CSV)
        assert status == 503
    assert reason in container.log()


def test_a_wrong_setting_ends_it_at_once_with_one_line(new_container: NewContainer) -> None:
    finished = new_container().run("serve", variables={"MODEL_SERVER_WORKERS": "many"})
    assert finished.exit_code == 1
    assert finished.output == "error: MODEL_SERVER_WORKERS is 'many'; it must be a whole number above 0\n"


def test_a_multiclass_answer_is_the_class_and_its_probability(
    new_container: NewContainer, model_of: Callable[[str], Path]
) -> None:
    container = serving(new_container, model_of("multiclass"), with_nginx=False)
    with container.start("serve", variables=SOCKET) as running:
        running.await_ping()
        _, _, text = running.request("POST", "/invocations", b"0.9,red\n-0.9,blue", CSV)
        _, _, body = running.request(
            "POST", "/invocations", b"0.9,red\n-0.9,blue", {**CSV, "Accept": "application/json"}
        )
    rows = [line.split(",") for line in text.splitlines()]
    assert [row[0] for row in rows] == ["high", "low"]
    assert json.loads(body) == {"predictions": ["high", "low"], "probabilities": [float(row[1]) for row in rows]}
    assert all(1 / 3 < float(row[1]) <= 1 for row in rows)


def test_a_regressions_answer_is_the_number(new_container: NewContainer, model_of: Callable[[str], Path]) -> None:
    container = serving(new_container, model_of("regression"), with_nginx=False)
    with container.start("serve", variables=SOCKET) as running:
        running.await_ping()
        _, _, text = running.request("POST", "/invocations", b"0.9,red\n-0.9,blue", CSV)
    high, low = map(float, text.splitlines())
    assert high > 10 > -10 > low
