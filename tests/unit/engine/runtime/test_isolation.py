"""What a program in its sandbox reaches, and what it does not."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlsystem.engine.runtime.interpreter import mounts_for_interpreter
from mlsystem.engine.runtime.process import Inbound, Mount, Outbound
from tests.unit.engine.runtime.workbench import PYTHON, Workbench, eventually

SERVER = """
import socket, sys
greeting, address = sys.argv[1].encode(), sys.argv[2]
family = socket.AF_UNIX if address.startswith("/") else socket.AF_INET
listener = socket.socket(family)
listener.bind(address if family == socket.AF_UNIX else ("127.0.0.1", int(address)))
listener.listen()
while True:
    connection, _ = listener.accept()
    connection.sendall(greeting + b" " + connection.recv(1000))
    connection.close()
"""
# Listens nowhere, and does not read what it accepts before it has taken the socket.
TAKER = """
import os, socket
listener, taken = map(int, os.environ["MODEL_SERVER_LISTENER"].split(","))
listener = socket.socket(fileno=listener)
listener.setblocking(True)
os.write(taken, b"1")
while True:
    connection, _ = listener.accept()
    connection.sendall(connection.recv(1000) + b" at " + connection.getsockname().encode())
    connection.close()
"""
CLIENT = """
import socket, sys

RUNTIMES = ("sandbox", "docker")
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as connection:
    connection.sendall(sys.argv[2].encode())
    connection.shutdown(socket.SHUT_WR)
    print(connection.makefile().read())
"""


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (PYTHON, "-I", "-S", "-c", script, *arguments)


def ask(path: Path, question: bytes) -> bytes:
    """The answer of who is reached through the socket, once somebody is."""

    def answer() -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(path))
                connection.sendall(question)
                return connection.recv(1000)
            except OSError:
                return b""

    return eventually(answer, f"an answer from {path}")


@contextmanager
def greeter(path: Path, greeting: bytes) -> Iterator[None]:
    """A server on a Unix socket of the host, for one connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                connection.sendall(greeting + b" " + request.read())

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()
    path.unlink()


def test_two_programs_on_the_same_port_answer_at_once_each_on_its_own_socket(bench: Workbench) -> None:
    sockets = {name: bench.shared / f"{name}.sock" for name in ("one", "two")}
    for name, path in sockets.items():
        bench.start(name, *python(SERVER, name, "8080"), inbound=Inbound(path, 8080))
    for name, path in sockets.items():
        assert ask(path, b"hears you") == f"{name} hears you".encode()


def test_the_socket_is_gone_when_the_program_is(bench: Workbench) -> None:
    path = bench.shared / "one.sock"
    path.touch()  # as if a dead one had left it
    bench.start("one", *python(SERVER, "one", "8080"), inbound=Inbound(path, 8080))
    ask(path, b"hears you")
    bench.runner.stop("one", "enough")
    bench.end_of("one")
    assert not path.exists()


def test_a_socket_that_cannot_be_made_is_named(bench: Workbench) -> None:
    path = bench.shared / "missing" / "one.sock"
    how = bench.run("one", "true", inbound=Inbound(path, 8080))
    assert (how.reason, how.message) == ("start_failed", f"{path}: No such file or directory")


def test_a_program_may_bind_its_socket_itself(bench: Workbench) -> None:
    path = bench.shared / "own.sock"
    mounts = (Mount(bench.shared, "/sockets", read_only=False),)
    bench.start("own", *python(SERVER, "own", "/sockets/own.sock"), mounts=mounts, inbound=Inbound(path, 0))
    assert ask(path, b"hears you") == b"own hears you"


def test_a_program_may_take_the_socket_itself_and_learns_no_path_of_the_host(bench: Workbench) -> None:
    path = bench.shared / "taken.sock"
    bench.start("taker", *python(TAKER), inbound=Inbound(path, 8080))
    assert [ask(path, b"hello") for _ in range(3)] == [b"hello at taken.sock"] * 3
    bench.runner.stop("taker", "enough")
    bench.end_of("taker")
    assert not path.exists()


def test_an_isolated_program_finds_no_way_out(bench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        port = outside.getsockname()[1]
        how = bench.run("job", *python(CLIENT, str(port), "hello"))
        assert how.exit_code == 1
        assert "Connection refused" in bench.log("job")
    bench.run("links", "sh", "-c", "cat /proc/net/dev")
    assert [line.split(":")[0].strip() for line in bench.log("links").splitlines()[2:]] == ["lo"]


def test_a_program_on_the_host_network_reaches_the_host(bench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        bench.start("job", *python(CLIENT, str(outside.getsockname()[1]), "hello"), network="host")
        connection, _ = outside.accept()
        with connection:
            assert connection.recv(100) == b"hello"
    assert bench.end_of("job").exit_code == 0


def test_a_way_out_leads_to_the_socket_of_the_host_and_nowhere_else(bench: Workbench) -> None:
    door = bench.shared / "door.sock"
    with greeter(door, b"welcome"):
        how = bench.run("job", *python(CLIENT, "4566", "traveller"), outbound=(Outbound(4566, door),))
    assert how.exit_code == 0
    assert bench.log("job") == "welcome traveller\n"


def test_a_way_out_survives_that_the_server_behind_it_is_replaced(bench: Workbench) -> None:
    """As when the engine restarts while its jobs run."""
    door, go = bench.shared / "door.sock", bench.shared / "go"
    os.mkfifo(go)
    script = f"import sys\nCLIENT = {CLIENT!r}\nexec(CLIENT)\nopen('/shared/go').read()\nexec(CLIENT)"
    mounts = (Mount(bench.shared, "/shared"),)
    with greeter(door, b"first"):
        bench.start("job", *python(script, "4566", "call"), mounts=mounts, outbound=(Outbound(4566, door),))
    with greeter(door, b"second"):
        go.write_text("go")
        bench.end_of("job")
    assert bench.log("job") == "first call\nsecond call\n"


def test_a_way_out_on_which_nobody_waits_leads_to_the_other_socket(bench: Workbench) -> None:
    """As when a role may invoke nothing, and has no door of its own."""
    outbound = (Outbound(4566, bench.shared / "nobody.sock", otherwise=bench.shared / "door.sock"),)
    with greeter(bench.shared / "door.sock", b"welcome"):
        assert bench.run("job", *python(CLIENT, "4566", "traveller"), outbound=outbound).exit_code == 0
    assert bench.log("job") == "welcome traveller\n"


def test_a_way_out_on_which_nobody_waits_ends_the_connection(bench: Workbench) -> None:
    """At once, so that a client's own retries find the engine when it is back."""
    script = """if True:
        import socket
        with socket.create_connection(("127.0.0.1", 4566), 5) as connection:
            try:
                print("ended", connection.recv(100))
            except ConnectionResetError:
                print("ended", b"")
    """
    outbound = (Outbound(4566, bench.shared / "nobody.sock"),)
    assert bench.run("job", *python(script), outbound=outbound).exit_code == 0
    assert bench.log("job") == "ended b''\n"


def test_a_program_sees_nothing_of_the_data_folder_nor_of_the_people_on_the_machine(bench: Workbench) -> None:
    seen = f"ls {bench.data}; ls /home /root /tmp /run; ls /etc/ssh 2> /dev/null; cat /etc/shadow 2> /dev/null"
    bench.run("job", "sh", "-c", seen)
    first, *rest = bench.log("job").splitlines()
    assert "No such file or directory" in first
    homes = [line for line in rest if line and not line.endswith(":")]
    assert homes == ["mlsystem"]  # in /run, with the launcher


def test_a_data_folder_below_a_visible_one_is_hidden(bench: Workbench) -> None:
    """As when the engine's data lies in /opt; here a part of /usr stands for it."""
    runner = bench.new_runner(hidden=(Path("/usr/share/doc"),))
    runner.start(bench.spec("job", "ls", "/usr/share/doc"))
    assert bench.end_of("job").exit_code == 0
    assert bench.log("job") == ""
    runner.close()


def test_a_program_cannot_write_where_nothing_is_its_own(bench: Workbench) -> None:
    places = ["/", "/usr", "/etc", "/opt", "/opt/ml", "/opt/ml/input", "/proc/sys/kernel"]
    script = "for place; do touch $place/file 2> /dev/null && echo $place; done; echo tried"
    bench.run("job", "sh", "-c", script, "sh", *places, mounts=(Mount(bench.shared, "/opt/ml/input"),))
    assert bench.log("job") == "tried\n"
    assert list(bench.shared.iterdir()) == []


def test_what_a_program_writes_to_its_mounts_is_there_and_the_rest_is_forgotten(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, "/opt/ml", read_only=False),)
    how = bench.run(
        "job", "sh", "-c", "echo kept > /opt/ml/model; touch /tmp/a /var/tmp/b /home/c /root/d", mounts=mounts
    )
    assert how.exit_code == 0
    assert [path.read_text() for path in bench.shared.iterdir()] == ["kept\n"]
    bench.run("next", "sh", "-c", "ls /tmp /var/tmp /home | grep -v :")
    assert bench.log("next").strip() == ""


def test_mounts_lie_upon_one_another_in_any_order(bench: Workbench) -> None:
    for name in ("ml", "train"):
        (bench.shared / name).mkdir()
        (bench.shared / name / "name").write_text(name)
    (bench.shared / "ml" / "train").mkdir()
    mounts = (Mount(bench.shared / "train", "/opt/ml/train"), Mount(bench.shared / "ml", "/opt/ml", read_only=False))
    bench.run("job", "cat", "/opt/ml/name", "/opt/ml/train/name", mounts=mounts)
    assert bench.log("job") == "mltrain"


def test_a_mount_below_a_folder_of_the_system_leaves_its_neighbours_in_place(bench: Workbench) -> None:
    (bench.shared / "file").write_text("mounted")
    mounts = (Mount(bench.shared / "file", "/usr/share/mlsystem-test/file"),)
    bench.run("job", "sh", "-c", "cat /usr/share/mlsystem-test/file; ls /usr/share | wc -l", mounts=mounts)
    assert bench.log("job") == f"mounted{len(list(Path('/usr/share').iterdir())) + 1}\n"


def test_a_program_sees_only_processes_of_its_own(bench: Workbench) -> None:
    script = """
import os
for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
    with open(f"/proc/{pid}/comm") as name:
        print(name.read(), end="")
"""
    bench.run("job", *python(script))
    first = ["bwrap"] if bench.machine.kind == "sandbox" else []
    assert bench.log("job").splitlines() == [*first, *[Path(PYTHON).name] * 2]


def test_the_engines_interpreter_and_packages_can_be_mounted(bench: Workbench) -> None:
    bench.run("job", sys.executable, "-c", "import boto3; print('imported')", mounts=mounts_for_interpreter())
    assert bench.log("job") == "imported\n"
