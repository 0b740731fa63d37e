"""RUN: the commands that are implemented, and the refusal of all others."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest

from mlsystem.client.images import shell
from mlsystem.client.images.errors import ImageError
from tests.unit.client.images.workshop import Workshop


def test_files_and_folders_are_made_changed_linked_and_removed(workshop: Workshop) -> None:
    for name in ("run", "a.log", "b.log"):
        workshop.write(name)
    built = workshop.build(
        "COPY . /srv/",
        "RUN mkdir -p /srv/made/deep && chmod +x /srv/run&&rm -f /srv/*.log",
        'RUN ["ln", "-s", "/srv/run", "/usr/local/bin/run"]',
        "RUN ln -sf /srv/other /usr/local/bin/run",
    )
    assert list(workshop.files(built)) == ["srv/run"]
    assert workshop.mode(built, "srv/run") == 0o755
    assert workshop.mode(built, "srv/made/deep") & 0o700 == 0o700


def test_removing_a_link_leaves_what_it_points_to(workshop: Workshop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("keep")
    workshop.build(f"RUN ln -s {outside} /link && rm /link")
    assert outside.read_text() == "keep"


@pytest.fixture
def without_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that grants no sandbox."""

    def refuse() -> NoReturn:
        raise shell.NoShell("bwrap: No permissions to create a new namespace")

    monkeypatch.setattr(shell, "_bwrap", refuse)


@pytest.mark.usefixtures("without_shell")
@pytest.mark.parametrize(
    "command",
    [
        "curl https://example.com",
        "mkdir /a || mkdir /b",
        "chmod 755 /srv > /dev/null",
        "mkdir $(date)",
        "chmod u+x /srv",
        "chmod -R 755 /srv",
        "chmod 755 /missing",
        "mkdir 'a",
        "export A=1 && mkdir /$A",
    ],
)
def test_without_a_sandbox_what_is_not_interpreted_is_refused_by_name(workshop: Workshop, command: str) -> None:
    with pytest.raises(ImageError) as refused:
        workshop.build(f"RUN {command}")
    assert str(refused.value) == (
        f"line 2: RUN {command}: {command!r} takes a sandbox that lays the image's files over this machine's, which it refuses "
        "(bwrap: No permissions to create a new namespace). Without, these commands are implemented: "
        "pip install, chmod, mkdir, apt-get, ln -s, rm"
    )


@pytest.mark.usefixtures("without_shell")
def test_steps_are_joined_in_every_way_that_leaves_them_apart(workshop: Workshop) -> None:
    workshop.write("a.log")
    built = workshop.build(
        "COPY . /srv/",
        "RUN set -eux; cd /srv && mkdir -p sub ; cd sub && chmod 700 . && rm -f /srv/*.log",
        "RUN mkdir made",
    )
    assert workshop.files(built) == {}
    assert workshop.mode(built, "srv/sub") == 0o700
    assert workshop.mode(built, "made") & 0o700 == 0o700


def test_apt_that_is_not_interpreted_is_refused_by_name(workshop: Workshop) -> None:
    with pytest.raises(ImageError, match="apt-get source x is not implemented here; update, install and clean are"):
        workshop.build("RUN apt-get source x")


def test_everything_else_is_run_in_a_shell_over_the_machines_files(workshop: Workshop) -> None:
    workshop.write("names", "b\na\n")
    built = workshop.build(
        "COPY names /srv/names",
        "ENV GREETING='good day'",
        "WORKDIR /srv",
        'RUN sort names | tail -n 1 > last && echo "$GREETING" > greeting',
        "RUN for i in 1 2; do echo $((i * 2)); done > /usr/local/share/doubled || exit 9",
        "RUN export LEVEL=3 && echo $LEVEL > /opt/level && touch /root/.profile /tmp/scratch /var/tmp/it",
    )
    files = workshop.files(built)
    assert files == {
        "opt/level": "3\n",
        "root/.profile": "",
        "srv/greeting": "good day\n",
        "srv/last": "b\n",
        "srv/names": "b\na\n",
        "tmp/scratch": "",
        "usr/local/share/doubled": "2\n4\n",
        "var/tmp/it": "",
    }
    assert not Path("/usr/local/share/doubled").exists()


def test_what_a_command_removes_of_the_machine_is_not_in_the_image_and_stays_on_the_machine(workshop: Workshop) -> None:
    if os.geteuid() != 0:
        pytest.skip("not run: only root may remove the machine's files in a sandbox")
    built = workshop.build("RUN echo x > /etc/mark; rm /etc/hostname || rm /etc/passwd")
    assert workshop.files(built) == {"etc/mark": "x\n"}
    assert Path("/etc/passwd").exists()


def test_a_command_that_fails_is_told_with_its_last_lines(workshop: Workshop) -> None:
    with pytest.raises(ImageError) as refused:
        workshop.build("RUN echo first; echo 'what went wrong' >&2; exit 7")
    assert "ended with exit code 7" in str(refused.value)
    assert "what went wrong" in str(refused.value)


def test_a_command_does_not_reach_what_is_not_of_the_system(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    with pytest.raises(ImageError, match="exit code"):
        workshop.build(f"RUN cat {tmp_path}/secret | cat - && test -e {tmp_path}/secret")


def test_the_passwords_of_the_machine_are_not_the_images(workshop: Workshop) -> None:
    built = workshop.build("RUN cat /etc/shadow > /seen; ls /etc/ssl/private /etc/ssh >> /seen 2>/dev/null; exit 0")
    files = workshop.files(built)
    assert set(files) == {"seen"}
    assert "$" not in files["seen"]
    assert "root:" not in files["seen"]
    assert "key" not in files["seen"]


def test_users_and_owners_are_left_out_and_said_to_be(workshop: Workshop) -> None:
    built = workshop.build(
        "RUN groupadd -r app && useradd -r -g app app", "RUN mkdir /srv/a && chown -R app:app /srv/a"
    )
    assert workshop.files(built) == {}
    left = [text.split()[0] for text in workshop.told if "is left out" in text]
    assert left == ["groupadd", "useradd", "chown"]


def test_a_command_does_not_change_the_kernels_settings(workshop: Workshop) -> None:
    setting = Path("/proc/sys/vm/swappiness")
    with pytest.raises(ImageError, match=r"Read-only file system|Permission denied"):
        workshop.build(f"RUN echo {setting.read_text().strip()} > {setting}")


def test_a_shell_of_ones_own_runs_the_commands(workshop: Workshop) -> None:
    built = workshop.build(
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]', "RUN [[ a == a ]] | cat > /srv.out; echo ok > /srv.out"
    )
    assert workshop.files(built) == {"srv.out": "ok\n"}


def test_an_installed_package_is_compiled_with_the_images_own_paths(workshop: Workshop) -> None:
    wheel = workshop.context / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("greeting/__init__.py", "WORDS = 'hello'\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("greeting-1.0.dist-info/RECORD", "")
    lines = (f"COPY {wheel.name} /tmp/", f"RUN pip install --no-cache-dir /tmp/{wheel.name}")
    built = workshop.build(*lines, base="python:3.11-slim")
    files = workshop.files(built)
    compiled = [name for name in files if "greeting/__pycache__" in name]
    assert len(compiled) == 1, "no program compiles it again in an image that it cannot write"
    content = files[compiled[0]]
    assert "/opt/venv/lib/python3." in content
    assert str(workshop.context.parent) not in content
    again = workshop.build(*lines, base=f"python:3.11-slim@sha256:{'0' * 64}")
    assert workshop.files(again)[compiled[0]] == content, "of the same source, whenever it is made"


def test_a_folder_above_is_entered(workshop: Workshop) -> None:
    built = workshop.build("RUN mkdir -p /srv/a && cd /srv/a && touch x && cd .. && touch y && cd ../../.. && touch z")
    assert list(workshop.files(built)) == ["srv/a/x", "srv/y", "z"]


def test_a_mode_of_mkdir_is_no_folder(workshop: Workshop) -> None:
    built = workshop.build("RUN mkdir -m 700 /srv")
    assert (workshop.mode(built, "srv"), workshop.kind(built, "srv")) == (0o700, "folder")


def test_a_folder_that_lies_elsewhere_is_not_laid_over(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    for place in ("/opt", "/usr", "/proc", "/tmp"):
        with pytest.raises(ImageError, match=f"line 3: RUN .*{place} of the image is no folder"):
            workshop.build(f"RUN ln -s {tmp_path}/machine {place}", f"RUN echo x > {place}/x")
    workshop.build(f"RUN mkdir -p /etc && ln -s /oldroot{tmp_path}/machine/made /etc/ssh", "RUN true | true")
    assert list((tmp_path / "machine").iterdir()) == []


def test_a_package_in_a_folder_is_installed_as_a_whole(workshop: Workshop) -> None:
    workshop.write("pyproject.toml", '[project]\nname = "greeting"\nversion = "1"\n')
    workshop.write("greeting.py", "WORDS = 'hello'")
    built = workshop.build(
        "WORKDIR /srv", "COPY . .", "RUN pip install --no-build-isolation -e .", base="python:3.11-slim"
    )
    assert any(name.endswith("site-packages/greeting.py") for name in workshop.files(built))


def test_a_requirement_that_does_not_install_is_told_with_the_installers_words(workshop: Workshop) -> None:
    lines = ("RUN pip install --no-index 'no-such-package==1.0'",)
    with pytest.raises(ImageError) as refused:
        workshop.build(*lines, base="python:3.11-slim")
    assert "no-such-package" in str(refused.value)
    assert "pip install failed" in str(refused.value)
