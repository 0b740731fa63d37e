"""Files of an image: over the host's, or a whole root in place of the host's; with and without folders laid over others."""

import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from mlsystem import bubblewrap
from mlsystem.bubblewrap import mounts_below
from mlsystem.engine.runtime import root
from mlsystem.engine.runtime.containers import Containers
from mlsystem.engine.runtime.process import ImageFiles, Mount
from mlsystem.engine.runtime.sandbox import Sandbox
from tests.unit.engine.runtime.workbench import Workbench

RUNTIMES = ("sandbox", "docker")

TOOLS = ("sh", "ls", "cat", "mkdir", "touch")


@pytest.fixture(params=["overlaid", "bound"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, bench: Workbench) -> str:
    if request.param == "bound":
        monkeypatch.setattr(Sandbox, "_overlay", None)
        monkeypatch.setattr(Containers, "_is_overlaid", lambda _self, _spec: False)
    elif not _lays_over(bench):
        pytest.skip("not run: this machine lays no folder over another")
    return str(request.param)


def _lays_over(bench: Workbench) -> bool:
    docker = bench.machine.docker
    if docker is not None:
        return docker.is_overlaid
    return Sandbox(bench.machine, bench.data / "processes", ())._overlay is not None


@pytest.fixture
def whole(bench: Workbench) -> ImageFiles:
    """A root with a shell, its C library and nothing else of this machine."""
    folder = bench.shared / "root"
    for name in ("bin", "etc", "opt", "tmp", "var/log", "root", "usr/share"):
        (folder / name).mkdir(parents=True)
    for tool in TOOLS:
        found = os.path.realpath(shutil.which(tool) or "")
        shutil.copy(found, folder / "bin" / tool)
        listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"/\S+\.so\S*", listed):
            place = folder / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(library), place)
    (folder / "etc/os-release").write_text("NAME=Elsewhere\n")
    (folder / "var/log/old").write_text("kept")
    return ImageFiles(folder, is_root=True)


def test_a_whole_root_is_seen_in_place_of_the_machines(bench: Workbench, whole: ImageFiles) -> None:
    how = bench.run("job", "sh", "-c", "cat /etc/os-release; ls /usr", image=whole)
    assert (how.exit_code, how.reason) == (0, "exited"), how.message
    assert bench.log("job") == "NAME=Elsewhere\nshare\n"


def test_a_program_in_a_whole_root_knows_its_own_name(bench: Workbench, whole: ImageFiles) -> None:
    bench.run("job", "sh", "-c", "cat /etc/hosts", image=whole)
    assert "localhost" in bench.log("job")


def test_a_program_writes_where_it_may_and_the_image_stays_as_it_is(
    bench: Workbench, whole: ImageFiles, kind: str
) -> None:
    script = "cat /var/log/old; echo new > /var/log/old; touch /root/a /tmp/b; mkdir /opt/cache && echo anywhere"
    bench.run("job", "sh", "-c", script, image=whole)
    said = bench.log("job")
    assert said.startswith("kept")
    assert said.endswith("anywhere\n") == (kind == "overlaid")
    assert ("Read-only file system" in said) == (kind == "bound")
    assert (whole.folder / "var/log/old").read_text() == "kept"
    assert sorted(path.name for path in (whole.folder / "root").iterdir()) == []


def test_mounts_lie_over_a_whole_root(bench: Workbench, whole: ImageFiles) -> None:
    mounts = (Mount(bench.shared, "/opt/ml/shared", read_only=False),)
    bench.run("job", "sh", "-c", "echo trained > /opt/ml/shared/model; ls /opt", image=whole, mounts=mounts)
    assert (bench.shared / "model").read_text() == "trained\n"
    assert bench.log("job") == "ml\n"


def test_the_engines_folder_is_not_in_a_whole_root(bench: Workbench, whole: ImageFiles) -> None:
    bench.run("job", "ls", str(bench.data), image=whole)
    assert "No such file or directory" in bench.log("job")


def test_a_program_that_the_image_lacks_is_named(bench: Workbench, whole: ImageFiles) -> None:
    how = bench.run("job", "train", image=whole)
    assert (how.reason, "train" in how.message) == ("start_failed", True)


# ---------------------------------------------------------------------- over the host's


@pytest.fixture
def layered(bench: Workbench) -> ImageFiles:
    folder = bench.shared / "layered"
    for name in ("opt/program", "usr/local/bin", "var/log/nginx", "home/me"):
        (folder / name).mkdir(parents=True)
    (folder / "opt/program/serve").write_text("#!/bin/sh\necho serves\n")
    (folder / "opt/program/serve").chmod(0o755)
    (folder / "usr/local/bin/serve-it").symlink_to("/opt/program/serve")
    (folder / "usr/local/bin/shell-of-the-image").symlink_to("/bin/sh")
    (folder / "usr/local/bin/loop").symlink_to("loop")
    (folder / "usr/local/bin/nowhere").symlink_to("/opt/nowhere")
    (folder / "var/log/nginx/old").write_text("kept")
    return ImageFiles(folder)


def test_links_of_an_image_lead_to_its_files_and_to_the_machines(bench: Workbench, layered: ImageFiles) -> None:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    how = bench.run("job", "shell-of-the-image", "-c", "serve-it", image=layered, environment=path)
    assert (how.reason, how.exit_code, bench.log("job")) == ("exited", 0, "serves\n")


def test_what_an_image_has_in_var_and_home_may_be_written(bench: Workbench, layered: ImageFiles) -> None:
    script = "cat /var/log/nginx/old; echo new > /var/log/nginx/old; touch /home/me/a; ls /var /home/me"
    how = bench.run("job", "sh", "-c", script, image=layered)
    assert (how.exit_code, bench.log("job")) == (0, "kept" + "/home/me:\na\n\n/var:\ncache\nlib\nlog\nrun\ntmp\n")
    assert (layered.folder / "var/log/nginx/old").read_text() == "kept"


def test_the_program_of_an_image_may_not_be_written(bench: Workbench, layered: ImageFiles) -> None:
    bench.run("job", "sh", "-c", "echo x > /opt/program/serve", image=layered)
    assert "Read-only file system" in bench.log("job")


def test_what_an_image_adds_to_the_system_is_seen_beside_it(bench: Workbench, layered: ImageFiles) -> None:
    (layered.folder / "etc").mkdir()
    (layered.folder / "etc/of-the-image").write_text("e")
    (layered.folder / "bin").mkdir()
    (layered.folder / "bin/of-the-image").write_text("b")
    mounts = (Mount(bench.shared, "/opt/ml"), Mount(bench.shared, "/etc/more"))
    script = (
        "cat /etc/of-the-image /bin/of-the-image; ls -d /opt/ml /opt/program; test -e /etc/passwd && echo x > /etc/y"
    )
    how = bench.run("job", "sh", "-c", script, image=layered, mounts=mounts)
    assert how.reason == "exited", how.message
    assert bench.log("job").startswith("eb/opt/ml\n/opt/program\n")
    assert "Read-only file system" in bench.log("job")


def test_links_of_an_image_show_nothing_else_of_the_machine(bench: Workbench, layered: ImageFiles) -> None:
    (bench.shared / "secret").mkdir()
    (bench.shared / "secret/key").write_text("mine")
    (layered.folder / "secret").symlink_to(bench.shared / "secret")
    (layered.folder / "root").symlink_to(bench.shared / "secret")
    (layered.folder / "machine").symlink_to("/")
    (layered.folder / "through").symlink_to(f"/machine{bench.shared}/secret")
    (layered.folder / "etc").symlink_to(bench.shared / "secret")
    script = "cat /secret/key /root/key /through/key /etc/key; ls /machine; true"
    how = bench.run("job", "sh", "-c", script, image=layered)
    assert how.exit_code == 0, how.message
    assert "mine" not in bench.log("job")


@pytest.mark.parametrize("name", ["whole", "layered"])
def test_mounts_lie_behind_the_links_of_an_image(bench: Workbench, name: str, request: pytest.FixtureRequest) -> None:
    """bwrap would follow them to where it has the machine's own root."""
    image: ImageFiles = request.getfixturevalue(name)
    place = bench.shared / "made"
    place.mkdir()
    (image.folder / "opt/ml").symlink_to(f"/oldroot{place}")
    bench.run("job", "ls", "/opt/ml/", image=image, mounts=(Mount(bench.shared, "/opt/ml/shared"),))
    assert list(place.iterdir()) == []


def test_a_folder_in_which_something_is_mounted_is_shown_with_it(
    bench: Workbench, layered: ImageFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid over one another, folders would be seen without: a /usr/local on a disk of its own would be empty."""
    monkeypatch.setattr(root, "mounts_below", lambda folder: [folder / "local"])
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    assert bench.run("job", "serve-it", image=layered, environment=path).exit_code == 0
    command = json.loads((bench.data / "processes/job/plan.json").read_text())["command"]
    assert not [source for word, source in pairwise(command) if word == "--overlay-src" and source in ("/usr", "/opt")]


def test_mounts_are_found_below_a_folder_whatever_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path("/proc") in mounts_below(Path("/"))
    assert mounts_below(Path("/proc/self/fd")) == []
    listed = tmp_path / "mountinfo"
    rest = b" rw - tmpfs none rw\n"
    listed.write_bytes(
        b"".join(b"1 2 0:1 / " + name + rest for name in (b"/usr/a\\040b", "/usr/ü".encode(), b"/usr/\xff"))
    )
    monkeypatch.setattr(bubblewrap, "_MOUNTS", listed)
    assert set(map(str, mounts_below(Path("/usr")))) == {"/usr/a b", "/usr/ü", "/usr/\udcff"}
