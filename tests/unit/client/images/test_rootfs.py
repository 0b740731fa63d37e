"""COPY and .dockerignore."""

from __future__ import annotations

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
        ("COPY inside ../../a", "leaves the image"),
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
