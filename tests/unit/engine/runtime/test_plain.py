"""Programs of the bare machine, for which links stand in place of mounts."""

import os
from pathlib import Path

import pytest

from mlsystem.engine.runtime.errors import PlaceTaken, SandboxUnavailable
from mlsystem.engine.runtime.process import ImageFiles, Inbound, Mount
from tests.ports import free_port
from tests.unit.engine.runtime.workbench import Workbench, eventually

RUNTIMES = ("plain",)


def place(bench: Workbench) -> Path:
    """Where nobody else makes links, and no image has its kernel's folders."""
    return Path("/var/tmp") / f"{bench.shared.parent.name}-opt"


def test_a_program_finds_its_mounts_and_nothing_is_left(bench: Workbench) -> None:
    (bench.shared / "ml").mkdir()
    mounts = (Mount(bench.shared / "ml", f"{place(bench)}/ml", read_only=False),)
    assert bench.run("job", "sh", "-c", f"echo kept > {place(bench)}/ml/model; exit 3", mounts=mounts).exit_code == 3
    assert (bench.shared / "ml/model").read_text() == "kept\n"
    assert not place(bench).exists()


def test_an_images_files_are_seen_where_the_machine_has_none(bench: Workbench) -> None:
    files = bench.shared / "image"
    target = files / place(bench).relative_to("/")
    (target / "program").mkdir(parents=True)
    (target / "ml").mkdir()
    (target / "program/train").write_text(f"#!/bin/sh\ncat {place(bench)}/ml/input\n")
    (target / "program/train").chmod(0o755)
    (bench.shared / "input").write_text("rows")
    mounts = (Mount(bench.shared / "input", f"{place(bench)}/ml/input"),)
    image = ImageFiles(files)
    how = bench.run("job", f"{place(bench)}/program/train", image=image, mounts=mounts)
    # The first folder of that path is /var, of which the image's part is copied for each program.
    assert (how.exit_code, bench.log("job")) == (0, "rows")
    assert not place(bench).exists()


def test_an_image_with_a_root_of_its_own_is_refused(bench: Workbench) -> None:
    with pytest.raises(SandboxUnavailable, match="its image brings a root of its own, which takes a sandbox"):
        bench.start("job", "true", image=ImageFiles(bench.shared, is_root=True))


def test_what_the_machine_has_is_not_covered(bench: Workbench) -> None:
    files = bench.shared / "image"
    (files / "usr/bin").mkdir(parents=True)
    (files / "usr/bin/env").touch()
    with pytest.raises(SandboxUnavailable, match=r"needs .* at /usr/bin/env, where there is something else"):
        bench.start("job", "true", image=ImageFiles(files))


def test_a_mount_within_another_is_refused(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, "/opt/mlsystem-test"), Mount(bench.shared, "/opt/mlsystem-test/in"))
    with pytest.raises(SandboxUnavailable, match="within what is a link itself, /opt/mlsystem-test"):
        bench.start("job", "true", mounts=mounts)


def test_where_the_user_may_not_write_it_is_refused(bench: Workbench) -> None:
    """Root may write everywhere but in the kernel's folders."""
    mounts = (Mount(bench.shared, "/proc/sys/ml" if os.geteuid() == 0 else "/opt/ml"),)
    try:
        bench.start("job", "true", mounts=mounts)
    except SandboxUnavailable as error:
        assert "cannot be written" in str(error)
    else:
        how = bench.end_of("job")
        assert how.reason == "start_failed"


def test_a_second_program_waits_and_a_second_server_is_refused(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, f"{place(bench)}/ml"),)
    bench.start("first", "sleep", "1000", mounts=mounts)
    with pytest.raises(PlaceTaken, match=f"second needs {place(bench)}/ml, which .*/processes/first has"):
        bench.start("second", "true", mounts=mounts)
    port = free_port()
    server = Inbound(bench.shared / "s", port)
    with pytest.raises(SandboxUnavailable, match=r"server needs .*/ml, which .*/first has\. No sandbox"):
        bench.start("server", "true", mounts=mounts, inbound=server)
    bench.runner.stop("first", "enough")
    assert bench.end_of("first").reason == "stopped"
    assert bench.run("second", "true", mounts=mounts).exit_code == 0
    assert bench.run("server", "true", mounts=mounts, inbound=server).exit_code == 0


def test_a_program_that_was_stopped_before_its_place_was_free_has_ended(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, f"{place(bench)}/ml"),)
    bench.start("first", "sleep", "1000", mounts=mounts)
    bench.runner.stop("second", "not wanted any more")
    bench.start("second", "true", mounts=mounts)
    assert bench.end_of("second").reason == "stopped"


def test_links_of_a_program_that_was_killed_with_its_shim_are_removed_when_that_is_noticed(bench: Workbench) -> None:
    mounts = (Mount(bench.shared, f"{place(bench)}/ml"),)
    bench.start("job", "sleep", "1000", mounts=mounts)
    eventually((place(bench) / "ml").is_symlink, "the link is made")
    bench.kill_shim("job")
    assert bench.end_of("job").reason == "lost"

    def is_clean() -> bool:
        bench.runner.adopt()  # as the next engine does; the launcher may have been alive a moment longer
        return not place(bench).exists()

    eventually(is_clean, "the link is removed")


def test_a_port_is_one_servers(bench: Workbench) -> None:
    port = free_port()
    inbound = [Inbound(bench.shared / name, port) for name in ("one.sock", "two.sock")]
    bench.start("one", "sleep", "1000", inbound=inbound[0])
    with pytest.raises(SandboxUnavailable, match=rf"two needs port {port} of this machine, which .*/processes/one has"):
        bench.start("two", "sleep", "1000", inbound=inbound[1])


def test_the_machine_is_as_it_was(bench: Workbench) -> None:
    how = bench.run("job", "ls", "/opt/mlsystem-test/a", mounts=(Mount(bench.shared, "/opt/mlsystem-test/a/b"),))
    assert (how.exit_code, bench.log("job")) == (0, "b\n")
    assert not Path("/opt/mlsystem-test").exists()
