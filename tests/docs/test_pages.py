"""What the pages name exists: links, commands and their options, targets of make, paths, dependencies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mlsystem.cli.main import app
from tests.docs.documents import PAGES, ROOT, anchors, commands, links, name_of, spans

GROUP = typer.main.get_group(app)
# A path is looked for below each of these.
PLACES = (ROOT, *(ROOT / place for place in ("src/mlsystem", "project", "project/model", "project/container/code")))
# And media types look like paths.
MEDIA_TYPE = re.compile(r"(?:text|application)/[\w.+-]+")
PATH = re.compile(r"[\w.-]+/[\w./-]*|[\w.-]+\.(?:py|yml|yaml|json|md|in|txt|sh|conf)")
# Made while the system runs or brought by the user, so not in the repository.
MADE = {
    *("data-source.zip", "inputData.json", "hyperparameters.json", "imageDetail.json"),
    *("eval.json", "model.tar.gz", "statistics.json", "constraints.json"),
}

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@every_page
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_every_command_exists_with_its_options(page: Path) -> None:
    wrong = [words for words in commands(page, "mlsystem") if not _is_command(words)]
    assert wrong == []


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [
        name for name in GROUP.commands if not re.search(rf"`{name}`|mlsystem {name}\b|make {name}\b", readme)
    ] == []


@every_page
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {words[0] for words in commands(page, "make")} <= targets


@pytest.mark.parametrize("name", ["components.md", "faq.md", "glossary.md"])
def test_every_path_exists(name: str) -> None:
    found = [span for span in spans(ROOT / "docs" / name) if _is_path(span)]
    assert [path for path in found if not any((place / path).exists() for place in PLACES)] == []


def test_components_describes_every_folder_of_the_program_and_the_definition() -> None:
    text = (ROOT / "docs" / "components.md").read_text()
    places = {"src/mlsystem": "", "src/mlsystem/engine": "engine/", "project": ""}
    for place, prefix in places.items():
        folders = [path.name for path in (ROOT / place).iterdir() if _is_filled(path)]
        named = [f"`{prefix}{folder}" for folder in folders]
        assert [name for name in named if name not in text] == []


def test_every_dependency_is_explained() -> None:
    names = ("runtime", "checkov", "sagemaker", "sagemaker_core", "aws_cli", "mlflow", "schemathesis")
    files = [ROOT / "requirements" / f"{name}.in" for name in names]
    files += [
        ROOT / "project" / "container" / "code" / f"{name}.in" for name in ("requirements", "requirements-mlflow")
    ]
    lines = [line for path in files for line in path.read_text().splitlines()]
    wanted = {re.split(r"[=<>~\[; ]", line)[0].lower() for line in lines if line and not line.startswith(("#", "-"))}
    table = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    explained = {name.strip().lower() for cell in table for name in cell.split(",")}
    assert wanted - explained == set()
    assert explained - wanted - {"package", "botocore"} == set(), "explained, and no longer used"


def _is_filled(folder: Path) -> bool:
    """A folder of the repository with more in it than an empty __init__.py."""
    files = (path for path in folder.glob("**/*.*") if path.is_file() and path.suffix != ".pyc")
    return any(path.stat().st_size for path in files)


def _is_path(span: str) -> bool:
    return PATH.fullmatch(span) is not None and MEDIA_TYPE.fullmatch(span) is None and span not in MADE


def _is_command(words: list[str]) -> bool:
    """`up --time-scale 60`, `studio publish`: options of the program, a command, its options, a command of that."""
    place: Any = GROUP
    for word in words:
        if word.startswith("-") and word.split("=")[0] not in _options(place):
            return False
        place = getattr(place, "commands", {}).get(word, place)
    return place is not GROUP or words[0].startswith("-")


def _options(command: Any) -> set[str]:
    known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
    return {"--help"} | known
