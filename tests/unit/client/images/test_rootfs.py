"""COPY and .dockerignore."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.client.images.errors import ImageError
from tests.unit.client.images.workshop import Workshop


def test_copying_puts_files_where_docker_puts_them(workshop: Workshop) -> None:
    for name in ("one.txt", "two.txt", "code/a.py", "code/deep/b.py"):
        workshop.write(name)
    built = workshop.build(
        "COPY one.txt /named",
        "COPY one.txt /folder/",
        "COPY one.txt two.txt /both/",
        "COPY *.txt /matched/",
        "COPY code /program",
        "WORKDIR /work",
        'COPY ["two.txt", "here.txt"]',
    )
    assert list(workshop.files(built)) == [
        "both/one.txt",
        "both/two.txt",
        "folder/one.txt",
        "matched/one.txt",
        "matched/two.txt",
        "named",
        "program/a.py",
        "program/deep/b.py",
        "work/here.txt",
    ]


def test_modes_stay_unless_they_are_given(workshop: Workshop) -> None:
    workshop.write("run", mode=0o755)
    workshop.write("data")
    built = workshop.build("COPY run /a/", "COPY --chmod=600 data /b/")
    assert (workshop.mode(built, "a/run"), workshop.mode(built, "b/data")) == (0o755, 0o600)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY missing /a", "line 2: COPY missing /a: missing: there is no such file \\(in the build context\\)"),
        ("COPY *.none /a", r"\*.none: there is no such file"),
        ("COPY ../outside /a", "the path leaves its folder"),
    ],
)
def test_what_cannot_be_copied_is_refused(workshop: Workshop, line: str, reason: str) -> None:
    workshop.write("inside")
    (workshop.context.parent / "outside").write_text("x")
    with pytest.raises(ImageError, match=reason):
        workshop.build(line)


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["secret.txt"], ["code/a.py", "code/deep/secret.txt", "notes.md"]),
        (["**/secret.txt"], ["code/a.py", "notes.md"]),
        (["# a comment", "", "code"], ["notes.md", "secret.txt"]),
        (["code/*.txt"], ["code/a.py", "code/deep/secret.txt", "notes.md", "secret.txt"]),
        (["*", "!code", "code/deep"], ["code/a.py"]),
        (["/*.md"], ["code/a.py", "code/deep/secret.txt", "secret.txt"]),
    ],
)
def test_dockerignore_leaves_out_as_docker_does(workshop: Workshop, patterns: list[str], left: list[str]) -> None:
    for name in ("secret.txt", "notes.md", "code/a.py", "code/deep/secret.txt", "code/__pycache__/a.pyc"):
        workshop.write(name)
    workshop.write(".dockerignore", "\n".join(patterns))
    files = workshop.files(workshop.build("COPY . /all"))
    assert [name.removeprefix("all/") for name in files if not name.endswith(".dockerignore")] == left


def test_paths_of_an_image_never_lead_out_of_it(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "kept").write_text("k")
    (tmp_path / "machine" / "kept").chmod(0o600)
    workshop.write("kept")
    there = f"/link{tmp_path}/machine"
    built = workshop.build(
        "RUN ln -s / /link",
        f"COPY kept {there}/",
        f"ADD kept {there}/added",
        f"COPY kept ../..{there}/climbed",
        f"RUN mkdir -p {there}/made && chmod 777 {there}/kept && rm -rf {there}/kept",
        f"WORKDIR {there}/work",
    )
    assert sorted(path.name for path in (tmp_path / "machine").iterdir()) == ["kept"]
    assert ((tmp_path / "machine/kept").read_text(), (tmp_path / "machine/kept").stat().st_mode & 0o777) == ("k", 0o600)
    inside = f"{tmp_path}/machine".lstrip("/")
    assert list(workshop.files(built)) == [f"{inside}/added", f"{inside}/climbed"]


def test_links_of_a_folder_are_copied_as_they_are_and_over_others(workshop: Workshop) -> None:
    workshop.write("code/sub/a")
    (workshop.context / "code/in").symlink_to("sub")
    (workshop.context / "code/out").symlink_to("/usr")
    (workshop.context / "named").symlink_to("code/sub/a")
    built = workshop.build("COPY code /srv", "COPY code /srv", "COPY named /named")
    assert list(workshop.files(built)) == ["named", "srv/sub/a"]
    assert [workshop.kind(built, name) for name in ("srv/in", "srv/out", "named")] == ["link", "link", "file"]


def test_what_dockerignore_leaves_out_cannot_be_copied_by_name(workshop: Workshop) -> None:
    workshop.write("secret")
    workshop.write(".dockerignore", "secret\n")
    with pytest.raises(ImageError, match=r"secret: \.dockerignore leaves it out"):
        workshop.build("COPY secret /a")
