"""Which sandbox a machine grants, and what is left where it grants none."""

import dataclasses
import socket
import sys
from pathlib import Path

import pytest

from mlsystem.engine.runtime.errors import SandboxUnavailable
from mlsystem.engine.runtime.machine import Machine, granted, probe
from mlsystem.engine.runtime.process import Inbound, Mount, Outbound
from tests.ports import free_port
from tests.unit.engine.runtime.workbench import Workbench

BARE = Machine(None, refusal="bwrap: setting up uid map: Permission denied")


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Machine:
    """That of the workbench: each test says which."""
    chosen: Machine = request.param
    return chosen


def on(*machines: Machine) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("machine", machines, indirect=True, ids=str)


def test_the_best_kind_of_all_that_are_granted_is_chosen() -> None:
    kinds = list(granted())
    assert kinds
    assert dataclasses.replace(probe(), refusal="", cgroups=None) == kinds[0]
    assert (kinds[0].own_network, kinds[0].own_proc) == (True, True)


@on(*granted())
def test_every_kind_of_sandbox_that_is_granted_runs_a_program_on_its_mounts(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, "/opt/ml", read_only=False),)
    assert bench.run("job", "sh", "-c", "echo kept > /opt/ml/model; exit 3", mounts=mounts).exit_code == 3
    assert (bench.shared / "model").read_text() == "kept\n"


@on(*granted())
def test_in_no_kind_of_sandbox_a_program_changes_the_kernels_settings(bench: Workbench) -> None:
    """Who owns them is the engine's user, if that is root; what is written here is what they are."""
    setting = Path("/proc/sys/vm/swappiness")
    how = bench.run("job", "sh", "-c", f"echo {setting.read_text().strip()} > {setting}")
    assert how.exit_code != 0
    assert "Read-only file system" in bench.log("job") or "Permission denied" in bench.log("job")


@on(*(kind for kind in granted() if not kind.own_network))
def test_of_two_servers_that_share_a_network_the_second_is_refused(bench: Workbench) -> None:
    port = free_port()
    inbound = [Inbound(bench.shared / name, port) for name in ("one.sock", "two.sock")]
    bench.start("one", "sleep", "1000", inbound=inbound[0])
    with pytest.raises(SandboxUnavailable, match=rf"two needs port {port} of this machine, which .*/processes/one has"):
        bench.start("two", "sleep", "1000", inbound=inbound[1])


@on(BARE)
def test_without_a_sandbox_a_program_runs_on_the_bare_machine(bench: Workbench) -> None:
    bench.run("job", "ls", str(bench.data))
    assert bench.log("job").split() == ["logs", "processes"]


@on(BARE)
def test_without_a_sandbox_a_program_meets_the_ports_of_the_machine(bench: Workbench) -> None:
    script = "import socket, sys; print(socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(10).decode())"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outbound = (Outbound(port, bench.shared / "unused.sock"),)
        bench.start("job", sys.executable, "-c", script, str(port), outbound=outbound)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"welcome")
    assert bench.end_of("job").exit_code == 0
    assert bench.log("job") == "welcome\n"


@on(BARE)
def test_without_a_sandbox_a_program_that_needs_what_is_another_ones_is_refused_before_it_is_begun(
    bench: Workbench,
) -> None:
    with pytest.raises(
        SandboxUnavailable, match=r"job needs .* at /usr/bin, where there is something else, which takes"
    ):
        bench.start("job", "true", mounts=(Mount(bench.shared, "/usr/bin"),))
    assert list((bench.data / "processes").iterdir()) == []


def test_the_sentence_says_what_the_machine_does_not_give() -> None:
    best = probe()
    assert "Not possible" not in best.sentence
    assert str(best.bwrap) in best.sentence
    lesser = dataclasses.replace(best, own_network=False, own_proc=False, refusal="loopback: Operation not permitted")
    assert "one server at a time has a fixed port" in lesser.sentence
    assert "see the machine's /proc" in lesser.sentence
    assert "loopback: Operation not permitted" in lesser.sentence
    assert BARE.refusal in BARE.sentence
    assert "on the machine's own port" in BARE.sentence
