"""The server's workers: forked with the model in them, replaced without a failed request, and not root's."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.unit.project.container.program import CODE, Container, Running, await_truth
from tests.unit.project.container.test_serve import (
    ALONE,
    CSV,
    FRONTS,
    HOSTS,
    SOCKET,
    answering,
    at_socket,
    broken_model,
    child_of,
    serving,
)

NewContainer = Callable[..., Container]
ROWS = b"0.9,red\n-0.9,blue\n,purple\n"
UID, GID = 54321, 54322


@pytest.fixture(scope="module")
def model(model_of: Callable[[str], Path]) -> Path:
    return model_of("binary")


@pytest.fixture(autouse=True)
def _nginx_where_it_is_tested(request: pytest.FixtureRequest, need_tool: Callable[[str], str]) -> None:
    if hasattr(request.node, "callspec") and request.node.callspec.params.get("front") == "nginx":
        need_tool("nginx")


def children(pid: int) -> list[int]:
    """A child that is just ending may be missing, or not missing yet."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid: int, name: str) -> list[str]:
    """A line of /proc/PID/status, in words."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].split() for line in lines if line.startswith(f"{name}:"))


def predictions(running: Running) -> list[float]:
    status, _, body = running.request("POST", "/invocations", ROWS, CSV)
    assert status == 200, body
    return [float(line) for line in body.splitlines()]


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for pid in pids:
            await_truth(lambda pid=pid: status_of(pid, "State")[0] == "T")  # type: ignore[misc]
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("front", ALONE)
def test_every_worker_answers_right_with_the_model_that_their_parent_has_loaded(
    new_container: NewContainer, model: Path, container_python: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=False)
    right = container.run("python3", "-c", DIRECTLY)
    assert right.exit_code == 0, right.output
    with container.start("serve", variables={**at_socket(front), "MODEL_SERVER_WORKERS": "3"}) as running:
        running.await_ping()
        master = child_of(running.pid, front)
        await_truth(lambda: len(children(master)) == 3)
        shutil.rmtree(container.ml / "model")
        victim = children(master)[0]
        os.kill(victim, signal.SIGKILL)  # the one that takes its place could not load it any more
        await_truth(lambda: len({*children(master)} - {victim}) == 3)
        workers = children(master)
        for worker in workers:
            with stopped([other for other in workers if other != worker]):
                assert predictions(running) == json.loads(right.output)
        if front == "gunicorn":  # Granian's own threads do not matter to a model
            counts = [status_of(pid, "Threads") for pid in (master, *workers)]
            assert counts == [["1"]] * 4, "or threads of the master would be missing in the workers"
    assert "warning" not in container.log()


DIRECTLY = """
import json, lightgbm
from pathlib import Path
from predictor import Predictor
print(json.dumps([row[0] for row in Predictor(Path("/opt/ml/model")).answers([["0.9", "red"], ["-0.9", "blue"], ["", "purple"]])]))
"""


@pytest.mark.parametrize("front", ALONE)
def test_a_model_that_starts_threads_is_warned_of(
    new_container: NewContainer, model: Path, tmp_path: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=False, code=with_code(tmp_path, "predictor.py", THREADED))
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
    assert "warning: there are 2 threads where the model is loaded" in container.log()


THREADED = "\nimport threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"


def with_code(folder: Path, name: str, more: str) -> Path:
    """The program with something more in one of its files."""
    code = shutil.copytree(CODE, folder / "code", ignore=shutil.ignore_patterns("__pycache__"))
    (code / name).write_text((code / name).read_text() + more)
    return code


class Load:
    """Callers that ask without a pause, and what they were answered.

    `asks_again` once where a connection was closed before its answer, as a proxy does that keeps connections.
    """

    def __init__(self, running: Running, asks_again: bool) -> None:
        self._running = running
        self._asks_again = asks_again
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.answers: list[tuple[float, ...]] = []
        self.failures: list[str] = []
        self._callers = [threading.Thread(target=self._call) for _ in range(4)]

    def __enter__(self) -> Load:
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for caller in self._callers:
            caller.join()

    def _call(self) -> None:
        while not self._ended.is_set():
            try:
                answer = tuple(self._ask())
            except (AssertionError, OSError, HTTPException) as error:
                self.failures.append(repr(error))
                continue
            with self._lock:
                self.answers.append(answer)

    def _ask(self) -> list[float]:
        if self._asks_again:
            with suppress(OSError, HTTPException):
                return predictions(self._running)
        return predictions(self._running)

    def await_more(self, number: int) -> None:
        """Until there are so many answers more, or one has failed."""
        enough = len(self.answers) + number
        await_truth(lambda: len(self.answers) >= enough or bool(self.failures))


@pytest.fixture(scope="module")
def other_model(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model with other leaves: 40 trees, of which half are left."""
    folder = shutil.copytree(model, tmp_path_factory.mktemp("other") / "model")
    text = (model / "model.txt").read_text()
    head, *trees = text.split("Tree=")
    rest = trees[-1].partition("end of trees")
    kept = "".join(f"Tree={tree}" for tree in trees[: len(trees) // 2])
    head = "\n".join(line for line in head.splitlines() if not line.startswith("tree_sizes=")) + "\n\n"
    (folder / "model.txt").write_text(f"{head}{kept}end of trees{rest[2]}")
    return folder


@pytest.mark.parametrize("front", FRONTS)
def test_sighup_brings_a_new_model_without_a_failed_request(
    new_container: NewContainer, model: Path, other_model: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=front == "nginx")
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
        old = tuple(predictions(running))
        master = child_of(running.pid, answering(front))
        with Load(running, asks_again=front == "granian") as load:
            load.await_more(20)
            for source in (other_model, model, other_model):
                before = set(children(master))
                shutil.copytree(source, container.ml / "model", dirs_exist_ok=True)
                running.signal(signal.SIGHUP)
                await_truth(lambda before=before: not before & set(children(master)))  # type: ignore[misc]
                load.await_more(20)
        new = tuple(predictions(running))
        assert load.failures == []
        assert new != old
        assert {*load.answers} == {old, new}
        assert child_of(running.pid, answering(front)) == master
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    assert "error" not in container.log().lower()
    assert "warning" not in container.log().lower()


def test_the_socket_on_which_its_host_listens_is_taken_and_kept_by_each_new_worker(
    new_container: NewContainer, model: Path, other_model: Path
) -> None:
    container = serving(new_container, model, with_nginx=False)
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener, os.fdopen(reading, "rb") as taken:
        listener.bind(str(container.tmp / "server.sock"))
        listener.listen()
        offer = (listener.fileno(), writing)
        variables = {**HOSTS, "MODEL_SERVER_LISTENER": "{},{}".format(*offer)}
        with container.start("serve", variables=variables, inherited=offer) as running:
            listener.close()
            os.close(writing)
            running.await_ping()
            assert taken.read() == b"1"
            old = predictions(running)
            master = child_of(running.pid, "granian")
            before = set(children(master))
            shutil.copytree(other_model, container.ml / "model", dirs_exist_ok=True)
            running.signal(signal.SIGHUP)
            await_truth(lambda: not before & set(children(master)))
            assert predictions(running) != old
            running.signal(signal.SIGTERM)
            assert running.wait() == 0
            with pytest.raises(ConnectionRefusedError):
                running.connect()
    assert "at the host's socket" in container.log()


@pytest.mark.parametrize("front", ALONE)
def test_a_broken_new_model_leaves_the_old_one_serving_and_says_so(
    new_container: NewContainer, model: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=False)
    with container.start("serve", variables=at_socket(front)) as running:
        running.await_ping()
        old = predictions(running)
        master = child_of(running.pid, front)
        before = set(children(master))
        broken_model(container.ml / "model")
        running.signal(signal.SIGHUP)
        await_truth(lambda: not before & set(children(master)))
        assert predictions(running) == old
        assert running.request("GET", "/ping")[0] == 200
    assert "error: the model cannot be loaded: /opt/ml/model/model.txt" in container.log()
    assert "the one before it goes on serving" in container.log()


@pytest.mark.parametrize("front", ALONE)
def test_a_model_that_comes_late_is_served_after_a_sighup(new_container: NewContainer, model: Path, front: str) -> None:
    container = new_container(with_nginx=False)
    with container.start("serve", variables=at_socket(front)) as running:
        assert "schema.json" in running.await_ping(503)
        shutil.copytree(model, container.ml / "model")
        running.signal(signal.SIGHUP)
        running.await_ping(200)


@pytest.mark.parametrize("front", ALONE)
def test_a_loader_that_raises_anything_leaves_ping_at_503(
    new_container: NewContainer, model: Path, tmp_path: Path, front: str
) -> None:
    raising = "\ndef refuse(*_):\n    raise ZeroDivisionError('no such pickle')\nPredictor.__init__ = refuse\n"
    container = serving(new_container, model, with_nginx=False, code=with_code(tmp_path, "predictor.py", raising))
    with container.start("serve", variables=at_socket(front)) as running:
        assert "ZeroDivisionError: no such pickle" in running.await_ping(503)
    assert "Traceback" in container.log()


@pytest.mark.parametrize("front", ALONE)
def test_a_sighup_while_it_starts_does_not_end_it(new_container: NewContainer, model: Path, front: str) -> None:
    container = serving(new_container, model, with_nginx=False)
    with container.start("serve", variables=at_socket(front)) as running:
        await_truth(lambda: any(front.encode() in command_of(child) for child in children(running.pid)))
        running.signal(signal.SIGHUP)
        running.await_ping()
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


@pytest.mark.parametrize("front", ALONE)
def test_a_request_that_takes_too_long_costs_its_worker_and_no_more(
    new_container: NewContainer, model: Path, tmp_path: Path, front: str
) -> None:
    container = serving(new_container, model, with_nginx=False, code=with_code(tmp_path, "predictor.py", ENDLESS))
    variables = {**at_socket(front), "MODEL_SERVER_WORKERS": "1", "MODEL_SERVER_TIMEOUT": "1"}
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        parent = child_of(running.pid, front)
        [worker] = children(parent)
        with suppress(OSError, HTTPException):
            assert running.request("POST", "/invocations", b"666,red", CSV)[0] == 500
        await_truth(lambda: children(parent) not in ([], [worker]))
        assert predictions(running)[0] > 0.5
        assert child_of(running.pid, front) == parent


ENDLESS = """
right = Predictor.answers

def answers(self, rows):
    while rows[0][0] == "666":
        pass
    return right(self, rows)

Predictor.answers = answers
"""


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
def of_root(new_container: NewContainer, model: Path) -> Callable[..., Container]:
    """A container whose root may change to other users, one of whom is the image's `model-server`."""

    def make(with_nginx: bool) -> Container:
        container = serving(new_container, model, with_nginx=with_nginx, real_root=True)
        for name, entry in (("passwd", f"model-server:x:{UID}:{GID}::/:/bin/sh"), ("group", f"model-group:x:{GID}:")):
            content = Path("/etc", name).read_text()
            (container.root / name).write_text(f"{content.rstrip()}\n{entry}\n")
            container.shown[f"/etc/{name}"] = container.root / name
        tried = container.run("true") if os.geteuid() == 0 else None
        if tried is None or tried.exit_code != 0:
            pytest.skip("not run: only root may start processes of other users, where its machine lets it")
        return container

    return make


@pytest.mark.parametrize("front", FRONTS)
def test_where_serve_is_root_its_workers_are_the_images_own_user(
    of_root: Callable[..., Container], model: Path, front: str
) -> None:
    container = of_root(with_nginx=front == "nginx")
    for path in (container.ml / "model").rglob("*"):
        path.chmod(0o600 if path.is_file() else 0o700)  # the model is loaded by root
    with container.start("python3", "-c", WITH_GROUPS, variables=at_socket(front)) as running:
        running.await_ping()
        assert predictions(running)[0] > 0.5
        large = b"0.9,red\n" * 40000  # more than Nginx keeps in memory
        assert running.request("POST", "/invocations", large, CSV)[0] == 200
        masters = children(running.pid)
        assert len(masters) == (2 if front == "nginx" else 1)
        workers = list(itertools.chain.from_iterable(map(children, masters)))
        assert len(workers) == 2 * len(masters)
        for worker in workers:
            assert set(status_of(worker, "Uid")) == {str(UID)}
            assert set(status_of(worker, "Gid")) == {str(GID)}
            assert set(status_of(worker, "Groups")) <= {str(GID)}
        running.signal(signal.SIGHUP)
        await_truth(lambda: not set(workers[:2]) & set(children(child_of(running.pid, answering(front)))))
        assert predictions(running)[0] > 0.5
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    assert "workers of model-server" in container.log()
    assert list(container.tmp.iterdir()) == []


WITH_GROUPS = "import os; os.setgroups([0, 4]); os.execvp('serve', ['serve'])"


def test_a_worker_that_is_not_root_can_end_the_server_as_fault_asks_for(of_root: Callable[..., Container]) -> None:
    container = of_root(with_nginx=False)
    with container.start("serve", variables={**SOCKET, "FAULT": "crash"}) as running:
        running.await_ping()
        with pytest.raises(OSError):
            running.request("POST", "/invocations", ROWS, CSV)
        assert running.wait() == 1


def test_a_user_that_is_named_and_cannot_be_become_is_refused(new_container: NewContainer) -> None:
    for user, reason in (("nobody-at-all", "the image has no such user"), ("daemon", "cannot become it here")):
        finished = new_container(uid=1000).run("serve", variables={"MODEL_SERVER_USER": user})
        assert finished.exit_code == 1
        assert finished.output.startswith(f"error: MODEL_SERVER_USER is '{user}'; ")
        assert reason in finished.output
