"""What Docker is asked for, and what becomes of containers whose watchers died."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.engine.runtime.containers import Containers, View, leave
from mlsystem.engine.runtime.layers import Bind, Devices, Folder, Link, Memory, Overlay
from mlsystem.engine.runtime.machine import probe
from mlsystem.engine.runtime.process import Exited, ImageFiles, Mount, Running
from mlsystem.engine.runtime.shim.memory import children
from mlsystem.engine.runtime.usage import usage
from tests.docker_engine import DockerEngine
from tests.unit.engine.runtime.workbench import PYTHON, Lifeline, Workbench, eventually

RUNTIMES = ("docker",)
HOST = Path("/host")


def view(*layers: Bind | Devices | Folder | Link | Memory | Overlay, read_only: tuple[str, ...] = ("/",)) -> View:
    return View(iter(layers), read_only)


def targets(seen: View) -> list[str]:
    return [str(mount["Target"]) for mount in seen.mounts() if not str(mount["Target"]).startswith("/etc/")]


def test_docker_mounts_by_length_of_path_so_what_another_one_hides_is_left_out() -> None:
    seen = view(Bind(HOST, "/opt/ml/model"), Memory("/opt/ml/tmp"), Link("/x", "/opt/ml/x"), Bind(HOST, "/opt/ml"))
    assert (targets(seen), seen.in_memory(), seen.skeleton()) == (["/opt/ml"], [], [])


def test_what_only_begins_like_what_is_mounted_stays() -> None:
    seen = view(
        Bind(HOST, "/opt/ml-data"), Bind(HOST, "/opt/ml"), Bind(HOST, "/opt/ml/model/"), Bind(HOST, "/opt/ml/model")
    )
    assert targets(seen) == ["/opt/ml-data", "/opt/ml", "/opt/ml/model"]


def test_a_container_begins_with_links_and_folders_and_the_kernels_files_are_dockers_own() -> None:
    seen = view(Link("usr/bin", "/bin"), Folder("/opt"), Bind(HOST, "/opt/ml"), Devices(), Bind(Path("/sys"), "/sys"))
    assert seen.skeleton() == [["/bin", "usr/bin"], ["/opt", ""]]
    assert targets(seen) == ["/opt/ml"]


def test_folders_over_one_another_are_volumes_that_may_be_read_only() -> None:
    layer = Overlay((Path("/usr"), HOST / "usr"), HOST / "upper", HOST / "work", "/usr")
    [volume] = [mount for mount in view(layer).mounts() if mount["Type"] == "volume"]
    options = volume["VolumeOptions"]["DriverConfig"]["Options"]["o"]
    assert options == "lowerdir=/host/usr:/usr,upperdir=/host/upper,workdir=/host/work"
    [volume] = [mount for mount in view(layer, read_only=("/usr",)).mounts() if mount["Type"] == "volume"]
    assert volume["VolumeOptions"]["DriverConfig"]["Options"]["o"] == "lowerdir=/host/upper:/host/usr:/usr"


def test_a_data_folder_with_a_comma_in_its_path_is_no_option_of_an_overlay(bench: Workbench) -> None:
    files = bench.shared / "image,with:these"
    (files / "opt/program").mkdir(parents=True)
    (files / "opt/program/word").write_text("hello")
    assert bench.run("job", "cat", "/opt/program/word", image=ImageFiles(files)).exit_code == 0
    assert bench.log("job") == "hello"


def test_nothing_of_a_container_is_left_when_its_program_has_ended(bench: Workbench, docker: DockerEngine) -> None:
    (bench.shared / "usr").mkdir()
    bench.run("job", "true", image=ImageFiles(bench.shared))
    assert (docker.containers(), docker.volumes()) == ([], [])


def test_what_a_container_uses_is_seen_from_outside(bench: Workbench) -> None:
    script = "hold = bytearray(200 * 2**20); print('holds', flush=True); import time; time.sleep(1000)"
    bench.start("job", PYTHON, "-I", "-S", "-c", script)
    bench.printed("job", "holds")
    status = bench.runner.status("job")
    assert isinstance(status, Running)
    assert usage(status).memory_bytes > 200 * 2**20


def porter(bench: Workbench, process_id: str) -> int:
    """The process that stands for the container."""
    return children(bench.shim_pid(process_id))[0]


def test_a_program_whose_container_nobody_stands_for_any_more_ends(
    bench: Workbench, lifeline: Lifeline, docker: DockerEngine
) -> None:
    script = f"exec 9> {lifeline.path}; echo ready >&9; exec sleep 1000"
    bench.start("job", "sh", "-c", script, mounts=lifeline.mounts)
    lifeline.wait_for("ready\n")
    os.kill(porter(bench, "job"), signal.SIGKILL)
    how = bench.end_of("job")
    assert (how.reason, how.message) == ("exited", "its sandbox was killed from outside")
    assert lifeline.is_closed()
    bench.runner.forget("job")
    assert docker.containers() == []


def test_when_shim_and_container_are_left_alone_the_next_engine_removes_what_docker_still_has(
    bench: Workbench, docker: DockerEngine
) -> None:
    bench.start("job", "sh", "-c", "echo ready; exec sleep 1000")
    bench.printed("job", "ready")
    for pid in (porter(bench, "job"), bench.shim_pid("job")):
        os.kill(pid, signal.SIGKILL)
    assert bench.end_of("job").reason in ("lost", "exited")
    bench.restart()
    bench.runner.adopt()
    assert docker.containers() == []


def test_a_container_whose_process_is_not_known_any_more_is_removed_at_adoption(
    bench: Workbench, docker: DockerEngine
) -> None:
    bench.start("kept", "sleep", "1000")
    labels = {"mlsystem.processes": str(bench.data / "processes"), "mlsystem.process": "gone"}
    eventually(docker.containers, "there is a container, and so its skeleton")
    [image, *_] = [one["RepoTags"][0] for one in docker.daemon.ask("GET", "/images/json")]
    docker.daemon.ask("POST", "/containers/create", {"Image": image, "Cmd": ["x"], "Labels": labels}, name="gone")
    assert bench.runner.adopt() == ["kept"]
    eventually(lambda: len(docker.containers()) == 1, "the other one is removed")


def test_who_leaves_takes_his_containers_and_skeletons_along(bench: Workbench, docker: DockerEngine) -> None:
    bench.run("job", "true")
    assert docker.images()
    leave(docker.socket, bench.data / "processes")
    assert docker.images() == []
    assert bench.run("next", "true").exit_code == 0, "what is missing is made again"


def test_a_container_that_docker_refuses_says_why(bench: Workbench) -> None:
    how = bench.run("job", "true", mounts=(Mount(Path("/dev/null"), "/etc"),))
    assert how.reason == "start_failed"
    assert how.message.startswith("Docker: ")


def test_a_program_lives_on_when_docker_does_not_answer_and_its_end_is_known(
    bench: Workbench, docker: DockerEngine
) -> None:
    """As while dockerd hangs: it is stopped, and what is to be removed is removed when it goes on."""
    go = bench.shared / "go"
    os.mkfifo(go)
    mounts = (Mount(bench.shared, "/shared"),)
    bench.start("job", "sh", "-c", "echo ready; read line < /shared/go; exit 7", mounts=mounts)
    bench.printed("job", "ready")
    os.kill(docker.pid, signal.SIGSTOP)
    try:
        go.write_text("go\n")
    finally:
        resume = "import os, signal, sys, time; time.sleep(1); os.kill(int(sys.argv[1]), signal.SIGCONT)"
        subprocess.run([sys.executable, "-c", resume, str(docker.pid)], check=True)
    how = bench.end_of("job")
    assert isinstance(how, Exited)
    assert how.exit_code == 7
    eventually(lambda: docker.containers() == [], "it is removed")


def test_another_runtime_takes_over_what_runs_in_docker_and_leaves_nothing_there(
    bench: Workbench, docker: DockerEngine
) -> None:
    """As when an engine starts anew on a machine that grants a sandbox meanwhile."""
    bench.start("job", "sh", "-c", "echo ready; exec sleep 1000")
    bench.printed("job", "ready")
    bench.machine = probe()
    bench.restart()
    assert bench.runner.adopt() == ["job"]
    bench.runner.stop("job", "enough")
    assert bench.end_of("job").reason == "stopped"
    assert docker.containers() == []


def test_limits_are_dockers_to_keep(bench: Workbench) -> None:
    spec = bench.spec("job", "true", memory_limit_bytes=10**9, cpu_limit=1)
    assert bench.machine.docker is not None
    runtime = Containers(bench.machine.docker, bench.data / "processes", ())
    container = runtime.enclose(spec, bench.data / "processes/job/scratch").container
    assert container is not None
    limits = container["request"]["HostConfig"]
    assert (limits["Memory"], limits["MemorySwap"]) == (10**9, 10**9)
    assert limits.get("NanoCpus") == (10**9 if (os.cpu_count() or 1) > 1 else None)


@pytest.mark.parametrize("network", ["isolated", "host"])
def test_a_container_has_a_network_of_its_own_unless_it_is_to_have_the_hosts(bench: Workbench, network: str) -> None:
    bench.run("job", "cat", "/proc/net/dev", network=network)
    own = Path("/proc/net/dev").read_text().count(":")
    assert bench.log("job").count(":") == (1 if network == "isolated" else own)
