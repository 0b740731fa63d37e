"""RUN: the commands that are implemented, and the refusal of all others."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("curl https://example.com", "the command 'curl' is not implemented here; these are: pip install, chmod"),
        ("mkdir /a; rm /a", "';' of the shell is not implemented here; join commands with &&"),
        ("mkdir /a;rm /a", "';' of the shell"),
        ("mkdir /a || mkdir /b", "'||' of the shell"),
        ("chmod 755 /a > /dev/null", "'>' of the shell"),
        ("mkdir $(date)", "a command within a command is not implemented here"),
        ("chmod u+x /a", "the mode 'u+x' is not implemented here"),
        ("chmod -R 755 /a", "the mode '-R' is not implemented here"),
        ("chmod 755 /missing", "/missing is not in the image"),
        ("apt-get source x", "apt-get source x is not implemented here; update, install and clean are"),
        ("mkdir 'a", "No closing quotation"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(workshop: Workshop, command: str, reason: str) -> None:
    with pytest.raises(ImageError) as refused:
        workshop.build(f"RUN {command}")
    assert f"line 2: RUN {command}" in str(refused.value)
    assert reason in str(refused.value)


def test_an_installed_package_is_compiled_with_the_images_own_paths(workshop: Workshop) -> None:
    wheel = workshop.context / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("greeting/__init__.py", "WORDS = 'hello'\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("greeting-1.0.dist-info/RECORD", "")
    lines = (f"COPY {wheel.name} /tmp/", f"RUN pip install --no-cache-dir /tmp/{wheel.name}")
    built = workshop.build(*lines, base="python:3.11-slim")
    compiled = [name for name in workshop.files(built) if "greeting/__pycache__" in name]
    assert len(compiled) == 1, "no program compiles it again in an image that it cannot write"
    content = workshop.files(built)[compiled[0]]
    assert "/opt/venv/lib/python3." in content
    assert str(workshop.context.parent) not in content
    again = workshop.build(*lines, base="python:3.11-slim")
    assert workshop.files(again)[compiled[0]] == content, "of the same source, whenever it is made"
