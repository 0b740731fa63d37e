"""Changes of what the door serves: in effect at once, and felt by no request."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.client import HTTPResponse
from pathlib import Path

import pytest

from mlsystem.engine.dataplane import dataplane
from mlsystem.engine.dataplane.errors import ConfigRejected
from mlsystem.engine.dataplane.state import ApiStage, Endpoint, FunctionVersion, Method, State, Variant, WorkloadDoor
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen, UnixClient, await_true


class Load:
    """Clients that send one request after another until told to stop, and count the answers."""

    def __init__(self, rig: Rig, path: str, clients: int = 4):
        self._rig = rig
        self._path = path
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        self._lock = threading.Lock()
        self.answers: Counter[tuple[int, bytes]] = Counter()
        self.failures: list[str] = []

    def _run(self) -> None:
        connection = self._rig.connect()
        try:
            while not self._over.is_set():
                connection.request("POST", self._path, b"1")
                response = connection.getresponse()
                answer = (response.status, response.read())
                with self._lock:
                    self.answers[answer] += 1
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
            self.failures.append(repr(error))
        finally:
            connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def total(self) -> int:
        with self._lock:
            return self.answers.total()

    def await_more(self, requests: int) -> None:
        target = self.total() + requests
        await_true(lambda: self.total() >= target or bool(self.failures), f"{requests} more requests")


def test_weights_change_under_load_without_a_failed_request(rig: Rig) -> None:
    old, new = rig.upstream("old", b"old"), rig.upstream("new", b"new")

    def shifted(share: float) -> State:
        versions = (FunctionVersion("f", "1", 1 - share, (old.path,)), FunctionVersion("f", "2", share, (new.path,)))
        return State(rig.door, stages=(ApiStage("a", "Prod", (Method("POST", "/api", versions),)),))

    rig.serve(shifted(0))
    load = Load(rig, "/_api/a/Prod/api")
    with load.running():
        for share in (0.1, 0.5, 0.9, 0.2, 1.0) * 3:
            rig.serve(shifted(share))
            load.await_more(20)
        # What was on its way when the weights changed.
        load.await_more(20)
        before = len(old.seen)
        load.await_more(100)
        assert len(old.seen) == before
    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}


def test_instances_come_and_go_under_load_without_a_failed_request(rig: Rig) -> None:
    rig.serve(State(rig.door, endpoints=(_endpoint("flights", rig.upstream("i0", b"0").path),)))
    load = Load(rig, "/endpoints/flights/invocations")
    with load.running():
        for number in range(1, 8):
            fresh = rig.upstream(f"i{number}", str(number).encode())
            rig.serve(State(rig.door, endpoints=(_endpoint("flights", fresh.path),)))
            await_true(lambda fresh=fresh: len(fresh.seen) > 10, "the new instance is used")  # type: ignore[misc]
    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}
    assert len(load.answers) == 8


def test_other_endpoints_come_and_go_under_load_without_a_failed_request(rig: Rig) -> None:
    instance = rig.upstream("a")
    fixed = _endpoint("fixed", instance.path)
    rig.serve(State(rig.door, endpoints=(fixed,)))
    load = Load(rig, "/endpoints/fixed/invocations")
    with load.running():
        for number in range(6):
            passing = replace(_endpoint(f"passing-{number}", instance.path), is_captured=number % 2 == 0)
            workload = WorkloadDoor(str(rig.folder / f"w{number}.sock"), f"arn:aws:iam::1:role/{number}", ("*",))
            rig.serve(State(rig.door, (workload,), (fixed, passing)))
            reply = rig.request("POST", f"/endpoints/passing-{number}/invocations", b"1", socket_path=workload.socket)
            assert reply.status == 200
            assert rig.invoke(f"passing-{number - 1}").status == 400
    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}


def test_a_change_is_in_effect_when_it_was_applied(rig: Rig) -> None:
    """How long that takes, `benchmarks/traffic_moves.py` tells."""
    a, b = rig.upstream("a", b"a"), rig.upstream("b", b"b")

    def is_answered_by(name: bytes) -> bool:
        return rig.invoke("flights").body == name

    rig.serve(State(rig.door, endpoints=(_endpoint("flights", a.path, b.path),)))
    for weights in ((1, 0), (0, 1)) * 5:
        rig.serve(State(rig.door, endpoints=(_endpoint("flights", a.path, b.path, weights=weights),)))
        # Each thread of Envoy serves it when it runs next.
        await_true(partial(is_answered_by, b"a" if weights[0] else b"b"), f"weights {weights}")


@pytest.mark.parametrize("leaves", ["endpoint", "instance"])
def test_a_request_under_way_is_answered_although_what_it_was_sent_to_leaves(rig: Rig, leaves: str) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer(body=b"late")

    instance, other = rig.upstream("a", slow), rig.upstream("b", b"other")
    rig.serve(State(rig.door, endpoints=(_endpoint("flights", instance.path),)))
    bodies: list[bytes] = []
    caller = threading.Thread(target=lambda: bodies.append(rig.invoke("flights").body))
    caller.start()
    await_true(lambda: bool(instance.seen), "the request is under way")
    if leaves == "endpoint":
        rig.serve(State(rig.door))
        assert rig.invoke("flights").status == 400
    else:
        rig.serve(State(rig.door, endpoints=(_endpoint("flights", other.path),)))
        assert rig.invoke("flights").body == b"other"
    release.set()
    caller.join()
    assert bodies == [b"late"]


@pytest.mark.parametrize("kind", ["endpoint", "captured endpoint", "api"])
def test_a_body_that_comes_late_goes_to_who_serves_by_then(rig: Rig, kind: str) -> None:
    """Its route was chosen by its head; where that led to is not there any more."""

    def serving(generation: str, socket_path: str) -> State:
        if kind == "api":
            versions = (FunctionVersion("f", generation, 1, (socket_path,)),)
            return State(rig.door, stages=(ApiStage("a", "Prod", (Method("POST", "/api", versions),)),))
        variant = Variant("AllTraffic", 1, (socket_path,), generation)
        return State(rig.door, endpoints=(Endpoint("flights", (variant,), is_captured=kind != "endpoint"),))

    old, new = rig.upstream("a", b"old"), rig.upstream("b", b"new")
    rig.serve(serving("1", old.path))
    path = "/_api/a/Prod/api" if kind == "api" else "/endpoints/flights/invocations"
    with socket.create_connection(("127.0.0.1", rig.door.port)) as client:
        client.sendall(
            f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: text/csv\r\ncontent-length: 3\r\n\r\n".encode()
        )
        time.sleep(0.1)  # for the door to have read that
        rig.serve(serving("2", new.path))
        client.sendall(b"1,2")
        response = HTTPResponse(client)
        response.begin()
        assert (response.status, response.read()) == (200, b"new")
    assert [seen.body for seen in new.seen] == [b"1,2"]


def test_what_nothing_leads_to_goes_when_no_body_can_come_any_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(fleet: str) -> list[str]:
        variant = Variant("A", 1, (rig.control.path,), fleet)
        rig.serve(State(rig.door, endpoints=(Endpoint("flights", (variant,)),)))
        found = json.loads(rig.plane.layout.clusters.read_text())["resources"]
        return [one["name"] for one in found if one["name"].startswith("endpoint/")]

    assert names("1") == ["endpoint/flights/A/1"]
    assert names("2") == ["endpoint/flights/A/1", "endpoint/flights/A/2"]
    monkeypatch.setattr(dataplane, "LATE_SECONDS", -1.0)
    assert names("3") == ["endpoint/flights/A/1", "endpoint/flights/A/3"], "each has its own time"
    rig.serve(State(rig.door))
    assert "endpoint/" not in rig.plane.layout.clusters.read_text(), "nobody serves in their place"


def test_the_number_of_endpoints_takes_no_more_of_the_persons_inotify_instances(rig: Rig) -> None:
    """The kernel grants 128 to all programs of a person; Envoy aborts when it is refused one."""
    instance = rig.upstream("a")
    counts = set()
    for count in (1, 30):
        rig.serve(State(rig.door, endpoints=tuple(_endpoint(f"e{n}", instance.path) for n in range(count))))
        assert rig.invoke(f"e{count - 1}").status == 200
        assert rig.process is not None
        counts.add(_inotify_instances(rig.process.pid))
    assert len(counts) == 1


def test_applying_the_same_state_again_writes_nothing(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:iam::1:role/r")
    state = State(rig.door, (workload,), (_endpoint("flights", rig.upstream("a").path),))
    rig.serve(state)
    before = _modified(rig.plane.layout.folder)
    rig.serve(State(rig.door, (workload,), (_endpoint("flights", str(rig.folder / "a.sock")),)))
    assert _modified(rig.plane.layout.folder) == before


def test_a_change_of_weights_touches_only_the_routes(rig: Rig) -> None:
    path = rig.upstream("a").path
    rig.serve(State(rig.door, endpoints=(_endpoint("flights", path, path, weights=(1, 1)),)))
    before = _modified(rig.plane.layout.folder)
    rig.serve(State(rig.door, endpoints=(_endpoint("flights", path, path, weights=(1, 2)),)))
    after = _modified(rig.plane.layout.folder)
    assert {path.name for path in after if after[path] != before.get(path)} == {"routes.json"}


def test_connections_of_a_door_survive_changes_of_another(rig: Rig) -> None:
    doors = [WorkloadDoor(str(rig.folder / f"w{n}.sock"), "arn:aws:iam::1:role/r") for n in range(2)]
    rig.serve(State(rig.door, tuple(doors)))
    client = UnixClient(doors[0].socket)
    public = rig.connect()
    for workloads in (doors[:1], doors, doors[:1]):
        rig.serve(State(rig.door, tuple(workloads)))
        for connection in (client, public):
            before = connection.sock
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"control plane"
            assert before is None or connection.sock is before
    client.close()
    public.close()


def test_what_the_door_refuses_is_told_and_put_back(rig: Rig) -> None:
    good = State(rig.door)
    rig.serve(good)
    bad = State(rig.door, (WorkloadDoor(str(rig.folder / "no-such-folder" / "w.sock"), "arn:aws:iam::1:role/r"),))
    with pytest.raises(ConfigRejected, match=r"refused listeners\.json"):
        rig.plane.apply(bad)
    assert rig.request("GET", "/").body == b"control plane"
    rig.kill()
    rig.start()
    assert rig.request("GET", "/").body == b"control plane"
    rig.serve(good)


def test_a_port_that_another_process_holds_is_not_shared_with_it(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", rig.door.port), reuse_port=True), pytest.raises(ConfigRejected):
        rig.serve(State(rig.door))


def test_a_door_that_was_killed_opens_again_with_the_same_files(rig: Rig) -> None:
    instance = rig.upstream("a")
    workload = WorkloadDoor(str(rig.folder / "w.sock"), "arn:aws:iam::1:role/r", ("*",))
    state = State(rig.door, (workload,), (_endpoint("flights", instance.path),))
    rig.serve(state)
    assert rig.invoke("flights").status == 200
    rig.kill()
    assert not rig.plane.is_ready()
    rig.start()
    assert rig.invoke("flights").status == 200
    assert rig.request("POST", "/endpoints/flights/invocations", b"", socket_path=workload.socket).status == 200
    before = _modified(rig.plane.layout.folder / "xds")
    rig.serve(state)
    assert _modified(rig.plane.layout.folder / "xds") == before


def test_a_change_while_the_door_is_down_holds_when_it_opens(rig: Rig) -> None:
    a, b = rig.upstream("a", b"a"), rig.upstream("b", b"b")
    rig.serve(State(rig.door, endpoints=(_endpoint("one", a.path),)))
    rig.kill()
    rig.plane.apply(State(rig.door, endpoints=(_endpoint("two", b.path),)))
    rig.start()
    rig.plane.wait_applied()
    assert rig.invoke("two").body == b"b"
    assert rig.invoke("one").status == 400


def _inotify_instances(pid: int) -> int:
    count = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that was closed meanwhile
            count += "inotify" in str(descriptor.readlink())
    return count


def _endpoint(name: str, *instances: str, weights: tuple[float, ...] = (1,)) -> Endpoint:
    """One variant an instance, where several weights are given; else one variant of all."""
    if len(weights) == 1:
        return Endpoint(name, (Variant("A", 1, instances),))
    paired = zip(instances, weights, strict=True)
    return Endpoint(name, tuple(Variant(f"V{n}", weight, (path,)) for n, (path, weight) in enumerate(paired)))


def _modified(folder: Path) -> dict[Path, int]:
    files = (path for path in folder.rglob("*.json"))
    return {path: path.stat().st_mtime_ns for path in files}
