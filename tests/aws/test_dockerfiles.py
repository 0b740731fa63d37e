"""The Dockerfiles are well made; planted faults are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.client.images.errors import ImageError
from tests.aws.dockerfile_check import faults
from tests.aws.project import PROJECT, ROOT

CONTEXTS = {
    PROJECT / "container" / "Dockerfile": PROJECT / "container",
    PROJECT / "container" / "Dockerfile.lambda.ecr": PROJECT / "container",
    ROOT / "src" / "mlsystem" / "monitor" / "Dockerfile": ROOT / "src",
}


def test_every_dockerfile_of_the_project_is_checked() -> None:
    found = {path for folder in ("project", "src") for path in (ROOT / folder).rglob("Dockerfile*")}
    assert found == set(CONTEXTS)


@pytest.mark.parametrize("path", list(CONTEXTS), ids=lambda path: path.name)
def test_a_dockerfile_has_no_faults(path: Path) -> None:
    assert faults(path.read_text(), CONTEXTS[path]) == []


def test_the_requirements_are_installed_before_the_code_is_copied() -> None:
    """Else every change of the code would install them anew."""
    lines = (PROJECT / "container" / "Dockerfile").read_text().splitlines()
    install = next(number for number, line in enumerate(lines) if line.startswith("RUN pip install"))
    code = next(number for number, line in enumerate(lines) if line.startswith("COPY code /"))
    assert install < code


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM python", "no tag"),
        ("FROM python:latest", "latest is another image"),
        ("FROM ${BASE}", "no ARG before it"),
        ("FROM a:1\nRUN apt-get install -y --no-install-recommends x && apt-get distclean", "same RUN"),
        ("FROM a:1\nRUN apt-get update && apt-get install -y x && apt-get distclean", "--no-install-recommends"),
        ("FROM a:1\nRUN apt-get update && apt-get install -y --no-install-recommends x", "lists of packages"),
        ("FROM a:1\nRUN apt-get update && apt-get install --no-install-recommends x && apt-get distclean", "would ask"),
        ("FROM a:1\nRUN pip install -r requirements.txt", "pip's cache"),
        ("FROM a:1\nRUN pip install --no-cache-dir boto3", "no version"),
        ("FROM a:1\nRUN cd /opt && make", "use WORKDIR"),
        ("FROM a:1\nRUN sudo make", "root already"),
        ("FROM a:1\nRUN apt update", "use apt-get"),
        ("FROM a:1\nWORKDIR opt", "not absolute"),
        ("FROM a:1\nCMD python serve.py", "its signals"),
        ('FROM a:1\nCMD ["a"]\nCMD ["b"]', "only the last one counts"),
        ("FROM a:1\nCOPY a b /opt", "slash"),
        ("FROM a:1\nCOPY absent /opt/", "absent is not there"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in fault for fault in faults(text, tmp_path)), faults(text, tmp_path)


def test_an_instruction_that_the_builder_does_not_know_is_refused() -> None:
    with pytest.raises(ImageError, match="ONBUILD"):
        faults("FROM a:1\nONBUILD RUN make")
