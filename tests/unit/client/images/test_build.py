"""Instructions, carried out: what the image holds and what it says of itself."""

from __future__ import annotations

import pytest

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
        (["FROM ${BASE_IMAGE}"], "line 1: FROM .*: the image is empty; give its ARG a value with --build-arg"),
        (["FROM debian:12"], "line 1: FROM debian:12: this image is not on this machine"),
        ([f"FROM {BASE}", "FROM base:1"], "line 2: FROM base:1: several stages are not implemented here"),
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
