"""Instructions, carried out: what the image holds and what it says of itself."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from mlsystem.client.images.build import Build, build
from mlsystem.client.images.errors import ImageError
from tests.unit.client.images.workshop import BASE, Workshop


def test_an_image_says_how_it_is_to_be_run(workshop: Workshop) -> None:
    config = workshop.config(
        'ENV HOME_OF=/srv NOTE="two words" PATH=/srv/bin:$PATH',
        "ENV OLD form of it",
        "ENV NESTED=${HOME_OF}/x",
        "WORKDIR /srv",
        "WORKDIR app",
        "LABEL kind=test",
        "EXPOSE 8080",
        "CMD python3 -m app",
        'ENTRYPOINT ["serve"]',
        'CMD ["--fast"]',
    )
    assert config.environment == {
        "PATH": "/srv/bin:/usr/bin",
        "COLOUR": "green",
        "HOME_OF": "/srv",
        "NOTE": "two words",
        "OLD": "form of it",
        "NESTED": "/srv/x",
    }
    assert (config.working_directory, config.labels) == ("/srv/app", {"kind": "test"})
    assert (config.entrypoint, config.command) == (("serve",), ("--fast",))


def test_the_shell_form_runs_in_a_shell(workshop: Workshop) -> None:
    assert workshop.config("CMD exec serve $PORT").command == ("/bin/sh", "-c", "exec serve $PORT")


def test_an_argument_has_its_default_or_what_the_build_gives(workshop: Workshop) -> None:
    lines = ("ARG LEVEL=low", "ENV LEVEL_OF=$LEVEL")
    assert workshop.config(*lines).environment["LEVEL_OF"] == "low"
    assert workshop.config(*lines, LEVEL="high").environment["LEVEL_OF"] == "high"


def test_the_base_may_be_an_argument(workshop: Workshop) -> None:
    built = workshop.build("ARG BASE_IMAGE", "FROM ${BASE_IMAGE}", base=None, BASE_IMAGE=BASE)
    assert workshop.layout.load(built).environment["COLOUR"] == "green"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["FROM ${BASE_IMAGE}"], r"line 1: FROM \$.*: the image is empty; give its ARG a value with --build-arg"),
        (["FROM alpine:3"], "line 1: FROM alpine:3: this image is not on this machine"),
        ([f"FROM {BASE} AS"], "line 1: FROM base:1 AS: expected FROM image, or FROM image AS stage"),
        ([f"FROM {BASE}", "COPY --from=builder /a /b"], "line 2: COPY /a /b: there is no stage and no image builder"),
        (
            [f"FROM {BASE} AS one", f"FROM {BASE}", "COPY --from=one /a /b"],
            r"/a: there is no such file \(in the stage one\)",
        ),
        ([f"FROM {BASE}", "ADD https://example.com/a /a"], "ADD of a URL is not implemented here; RUN a download"),
        (["RUN mkdir /a", f"FROM {BASE}"], "the Dockerfile begins with something else than ARG and FROM"),
        ([f"FROM {BASE}", "ENV a=1 b"], "line 2: ENV a=1 b: expected name=value"),
    ],
)
def test_what_cannot_be_built_is_told_with_its_line(workshop: Workshop, lines: list[str], reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        workshop.build(*lines, base=None)


def test_layers_of_the_base_come_first_and_are_not_made_again(workshop: Workshop) -> None:
    workshop.write("a")
    base = workshop.layout.load(BASE)
    built = workshop.config("COPY a /a")
    assert built.layers[: len(base.layers)] == base.layers
    assert len(built.layers) == len(base.layers) + 1


def test_the_same_content_makes_the_same_image(workshop: Workshop) -> None:
    lines = ("COPY code /srv", "RUN chmod 755 /srv/run", "WORKDIR /srv")
    workshop.write("code/run", "1")
    first = workshop.layout.find(workshop.build(*lines))
    (workshop.context / "code" / "run").unlink()
    workshop.write("code/run", "1")
    assert workshop.layout.find(workshop.build(*lines)) == first
    workshop.write("code/run", "2")
    assert workshop.layout.find(workshop.build(*lines)) != first


def test_a_changed_file_changes_its_own_layer_alone(workshop: Workshop) -> None:
    lines = ("COPY requirements.txt /srv/", "COPY code /srv/code")
    workshop.write("requirements.txt", "numpy")
    workshop.write("code/a.py", "1")
    before = workshop.config(*lines).layers
    workshop.write("code/a.py", "2")
    after = workshop.config(*lines).layers
    assert (before[:-1], before[-1] == after[-1]) == (after[:-1], False)


def test_what_an_instruction_removes_is_gone_from_the_image(workshop: Workshop) -> None:
    workshop.write("a/one")
    workshop.write("a/two")
    workshop.write("b/three")
    built = workshop.build("COPY a /srv/a", "COPY b /srv/b", "RUN rm /srv/a/one && rm -rf /srv/b")
    assert list(workshop.files(built)) == ["srv/a/two"]


def test_stages_are_built_apart_and_the_last_one_is_the_image(workshop: Workshop) -> None:
    workshop.write("source", "s")
    built = workshop.build(
        "ARG LEVEL=1",
        f"FROM {BASE} AS builder",
        "ENV KEPT=no",
        "COPY source /build/source",
        "RUN mkdir /build/out && cat /build/source /build/source > /build/out/made",
        f"FROM {BASE} as middle",
        "ARG LEVEL",
        "ENV LEVEL=$LEVEL",
        "COPY --from=builder /build/out /srv",
        "FROM middle",
        "COPY --from=0 /build/source /srv/",
        base=None,
    )
    assert workshop.files(built) == {"srv/made": "ss", "srv/source": "s"}
    environment = workshop.layout.load(built).environment
    assert (environment.get("KEPT"), environment["LEVEL"]) == (None, "1")


def test_files_of_another_image_are_copied(workshop: Workshop) -> None:
    workshop.write("tool", "t")
    tools = workshop.build("COPY tool /bin-of-tools/tool")
    built = workshop.build(f"COPY --from={tools} /bin-of-tools/tool /usr/local/bin/")
    assert workshop.files(built) == {"usr/local/bin/tool": "t"}


def test_what_only_says_something_to_docker_is_kept_or_left(workshop: Workshop) -> None:
    config = workshop.config(
        "USER app", "VOLUME /data", "HEALTHCHECK CMD true", "STOPSIGNAL SIGQUIT", "MAINTAINER somebody"
    )
    assert config.user == "app"


def test_an_archive_that_is_added_is_unpacked(workshop: Workshop, tmp_path: Path) -> None:
    workshop.write("plain", "p")
    with tarfile.open(workshop.context / "code.tar.gz", "w:gz") as tar:
        tar.add(workshop.context / "plain", "inner/plain")
    assert workshop.files(workshop.build("ADD code.tar.gz plain /srv/")) == {"srv/inner/plain": "p", "srv/plain": "p"}


def test_a_system_base_is_made_of_the_machines_files_and_has_python(workshop: Workshop) -> None:
    built = workshop.build(
        "FROM ubuntu:18.04", "RUN python3 -c 'import sys; print(sys.version_info[0])' > /major", base=None
    )
    assert workshop.files(built)["major"] == "3\n"
    assert any(
        text.startswith("ubuntu:18.04 is made of this machine's own files, with Python 3.") for text in workshop.told
    )


def test_quotes_are_read_as_docker_reads_them(workshop: Workshop) -> None:
    workshop.write("two words")
    built = workshop.build(
        'ARG A=1 B="it\'s two"',
        "ENV C=$B D='$B'",
        'WORKDIR "/a b"',
        'COPY "two words" ./',
        "COPY two\\ words ../",
    )
    config = workshop.layout.load(built)
    assert (config.environment["C"], config.environment["D"], config.working_directory) == ("it's two", "$B", "/a b")
    assert list(workshop.files(built)) == ["a b/two words", "two words"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY a", "expected what is to be copied, and where to"),
        ("COPY", "expected what is to be copied, and where to"),
        ("COPY it's /a", "the quotation mark ' has no other one"),
        ("COPY --chmod=u+x a /a", r"--chmod=u\+x is not implemented here"),
        ("COPY a /etc/base/a", "Not a directory|File exists"),
        ("ENV", "expected name=value"),
        ("RUN cd /nowhere && touch a", "cd /nowhere: there is no folder /nowhere"),
        ("RUN mkdir /etc/base/a", "Not a directory"),
        ("RUN pip install -r /none.txt", "none.txt"),
    ],
)
def test_whatever_fails_is_told_with_its_line(workshop: Workshop, line: str, reason: str) -> None:
    workshop.write("a")
    with pytest.raises(ImageError, match=rf"(?s)^line 2: {line.split()[0]}.*({reason})"):
        workshop.build(line)


def test_files_that_are_no_text_are_named(workshop: Workshop) -> None:
    (workshop.context / ".dockerignore").write_bytes(b"\xff")
    with pytest.raises(ImageError, match=r"^line 2: COPY .* can't decode"):
        workshop.build("COPY . /a")
    (workshop.context / "Dockerfile").write_bytes(b"FROM \xff")
    with pytest.raises(ImageError, match=r"context/Dockerfile cannot be read: .* can't decode"):
        build(Build(workshop.context / "Dockerfile", workshop.context, {}, ("a:1",)), workshop.layout, print)


def test_a_folder_that_becomes_a_link_or_a_file_is_one(workshop: Workshop) -> None:
    built = workshop.build(
        "RUN mkdir -p /a/b /c/d && touch /a/b/x /c/d/x",
        "RUN rm -rf /a /c && ln -s /etc /a && touch /c",
        "RUN rm /c && mkdir /c && touch /c/y",
    )
    assert (list(workshop.files(built)), workshop.kind(built, "a")) == (["c/y"], "link")
