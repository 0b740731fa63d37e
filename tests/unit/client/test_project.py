"""A project's settings are checked before anything is done with them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import Project, create, load, template_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_new_project_is_whole(folder: Path) -> None:
    assert load(folder).pipeline == "mls-mlsystem"


def test_a_new_project_has_its_notebooks_and_so_has_its_repository(folder: Path) -> None:
    notebook = folder / "studio_nbs" / "mlops.ipynb"
    (folder / "studio_nbs" / ".ipynb_checkpoints").mkdir()
    (folder / "studio_nbs" / ".ipynb_checkpoints" / "mlops-checkpoint.ipynb").write_text("{}")
    seed = _names(load(folder))
    assert {"studio_nbs/mlops.ipynb", "studio_nbs/dashboard.json", "examples/flights/dataset.py"} <= set(seed)
    assert [name for name in seed if "checkpoint" in name] == []
    assert notebook.read_bytes() == (template_folder().parent / "studio_nbs" / "mlops.ipynb").read_bytes()


def test_the_template_that_studio_is_given_is_the_same_project(folder: Path) -> None:
    assert load(template_folder()).archive() == load(folder).archive()


def _names(project: Project) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(project.archive())) as archive:
        return archive.namelist()


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("model_name: flights", "model_name: Flights", "project.model_name: 'Flights' does not fit"),
        ("model_name: flights", "model_name: flights-2013", "project.model_name: 'flights-2013' is too long"),
        ("threshold: 0.7", "treshold: 0.7", "'treshold' was unexpected"),
        ("project:", "projects:", "'project' is a required property"),
        ("project:", "project: [", "cannot be read"),
        (
            "deployment: Canary10Percent5Minutes",
            "deployment: Canary10Percent5Hours",
            r"canary.deployment: 'Canary10Percent5Hours' does not fit: .* P from 1 to 99",
        ),
        (
            "deployment: Canary10Percent5Minutes",
            "deployment: Canary10Percent1Minutes",
            "one minute is written 1Minute",
        ),
        (
            "deployment: Canary10Percent5Minutes",
            "deployment: Linear1PercentEvery30Minutes",
            "canary.deployment: Linear1PercentEvery30Minutes takes 2970 minutes",
        ),
        (
            "  # quiet:",
            "  quiet: {from: 'cron(0 22 * * ? *)', until: 'cron(0 6 * * ? *)', min_instances: 3, max_instances: 2} #",
            "scaling.quiet.min_instances: 3 is above max_instances, 2",
        ),
        ("max_instances: 10", "max_instances: 1", "scaling.min_instances: 2 is above max_instances, 1"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(folder: Path, before: str, after: str, reason: str) -> None:
    path = folder / "mlsystem.yaml"
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ClientFailure, match=reason):
        load(folder)


def test_the_projects_own_schema_decides(folder: Path) -> None:
    schema = folder / "mlsystem.schema.json"
    schema.write_text(schema.read_text().replace('"maxLength": 10', '"maxLength": 3'))
    with pytest.raises(ClientFailure, match="'flights' is too long"):
        load(folder)


def test_settings_that_cannot_be_deployed_hold_up_nobody_who_needs_the_names_alone(folder: Path) -> None:
    path = folder / "mlsystem.yaml"
    text = path.read_text()
    path.write_text(text.replace("deployment: Canary10Percent5Minutes", "deployment: Swiftly"))
    assert load(folder, names_only=True).pipeline == "mls-mlsystem"
    path.write_text(text.replace("model_name: flights", "model_name: Flights"))
    with pytest.raises(ClientFailure, match=r"project\.model_name: 'Flights' does not fit"):
        load(folder, names_only=True)
