"""A project folder: where it is, and the names that follow from its mlsystem.yaml."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlsystem.client.errors import ClientFailure, NotFound

SETTINGS, SCHEMA = "mlsystem.yaml", "mlsystem.schema.json"
# Of a project, and beside the template: the notebooks, and what makes the data that they begin with.
NOTEBOOKS = ("exp_nbs", "studio_nbs")
EXAMPLE_DATA = ("examples/flights/dataset.py", "examples/flights/flights.py")
IGNORED = {".git", ".mlsystem", "__pycache__", ".venv", "build", "node_modules", ".ipynb_checkpoints"}
LINEAR = re.compile(r"Linear(\d+)PercentEvery(\d+)Minutes?")
# https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
LONGEST_SHIFT_MINUTES = 2880
# Keys of `project` that need not be there, and the parameters of pipeline.yml that they are.
OPTIONAL_PARAMETERS = {
    "source_provider": "SourceProvider",
    "connection_arn": "ConnectionArn",
    "full_repository_id": "FullRepositoryId",
    "network_egress": "NetworkEgress",
    "dev_action_role_arn": "DevActionRoleArn",
    "dev_deploy_role_arn": "DevDeployRoleArn",
    "prd_action_role_arn": "PrdActionRoleArn",
    "prd_deploy_role_arn": "PrdDeployRoleArn",
    "permissions_boundary_arn": "PermissionsBoundaryArn",
    "webhook_url": "WebhookUrl",
    "console_url": "ConsoleUrl",
    "mlflow_tracking_uri": "MlflowTrackingUri",
}


NAMES = "project"  # the section of the settings that names are made of


@dataclass(frozen=True)
class Project:
    """Names are those that pipeline.yml makes of its parameters."""

    folder: Path
    settings: dict[str, Any]

    @property
    def _own(self) -> dict[str, Any]:
        return dict(self.settings["project"])

    @property
    def pipeline(self) -> str:
        return f"{self._own['prefix']}-{self._own['name']}"

    @property
    def stack(self) -> str:
        """The stack of pipeline.yml."""
        return f"{self.pipeline}-pipeline"

    @property
    def prefix(self) -> str:
        return str(self._own["prefix"])

    @property
    def model_name(self) -> str:
        return str(self._own["model_name"])

    @property
    def branch(self) -> str:
        return str(self._own["git_branch"])

    @property
    def dataset_bucket(self) -> str:
        return str(self._own["dataset_bucket"])

    @property
    def data_source_key(self) -> str:
        return f"{self.pipeline}/data-source.zip"

    def deployed_stack(self, stage: str) -> str:
        return f"{self.pipeline}-deploy-{stage}"

    def parameters(self) -> dict[str, str]:
        """Of pipeline.yml, as far as the settings say them."""
        own, schedule = self._own, self.settings.get("schedule", {})
        return {
            "SageMakerProjectName": str(own["name"]),
            "SageMakerProjectId": str(own["id"]),
            "ProjectPrefix": str(own["prefix"]),
            "ModelName": str(own["model_name"]),
            "DatasetBucket": str(own["dataset_bucket"]),
            "GitBranch": str(own["git_branch"]),
            "EmailAddress": str(own.get("email_address") or ""),
            "TimeoutInMinutes": str(own["timeout_minutes"]),
            "RetrainSchedule": str(schedule.get("expression", "cron(0 12 1 * ? *)")),
            "RetrainScheduleState": "ENABLED" if schedule.get("enabled", True) else "DISABLED",
            "LastingDriftSchedule": str(self.settings.get("retraining", {}).get("ask_again", "rate(1 day)")),
            **{name: str(own[key]) for key, name in OPTIONAL_PARAMETERS.items() if own.get(key)},
        }

    def cost_tags(self) -> dict[str, str]:
        """Of the stack, which gives them to its resources. The stacks of a run have the same, from model/parameters.py."""
        return {"Project": self.pipeline, "Model": f"{self.prefix}-{self.model_name}", "Stage": "shared"}

    def archive(self) -> bytes:
        """The folder as a ZIP file, with which its repository begins."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(self.files()):
                item = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
                item.external_attr = (path.stat().st_mode & 0o777) << 16
                item.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(item, path.read_bytes())
        return stream.getvalue()

    def files(self) -> Iterator[tuple[str, Path]]:
        """By their names in the project. The template that comes with this program is a project too."""
        yield from _files(self.folder)
        if self.folder == template_folder():
            yield from _notebook_files()


def load(folder: Path, *, names_only: bool = False) -> Project:
    """`names_only`: whoever asks about what is deployed, or takes it back, is not held up by a setting that cannot be deployed.

    Raises NotFound for a folder that is no project, ClientFailure with all that its settings may not say.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise NotFound(
            f"{folder} is no project: it has no {SETTINGS}. `mlsystem init DIR` makes one, --project names another"
        )
    try:
        settings = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise ClientFailure(f"{path} cannot be read: {error}") from error
    # Commands that need no project are quicker without it.
    from jsonschema import Draft202012Validator

    schema = _schema(folder)
    if names_only:
        schema = {**schema, "required": [NAMES], "properties": {NAMES: schema["properties"][NAMES]}}
        schema.pop("additionalProperties")
    problems = [
        f"{'.'.join(map(str, error.path)) or 'the file'}: {_told(error)}"
        for error in Draft202012Validator(schema).iter_errors(settings)
    ]
    if not problems and not names_only:
        problems = list(_contradictions(settings))
    if problems:
        raise ClientFailure(f"{path}: {'; '.join(sorted(problems))}")
    return Project(folder.absolute(), settings)


def _told(error: Any) -> str:
    """A pattern says less to a person than the words beside it."""
    if error.validator == "pattern":
        return f"{error.instance!r} does not fit: {error.schema['description']}"
    return str(error.message)


def _contradictions(settings: dict[str, Any]) -> Iterator[str]:
    """What no schema can compare. The build says the same of what is committed."""
    for name, bounds in (("scaling", settings["scaling"]), ("scaling.quiet", settings["scaling"].get("quiet"))):
        if bounds and bounds["min_instances"] > bounds["max_instances"]:
            above = f"{bounds['min_instances']} is above max_instances, {bounds['max_instances']}"
            yield f"{name}.min_instances: {above}"
    deployment = settings["canary"]["deployment"]
    if linear := LINEAR.fullmatch(deployment):
        # The first step is at once.
        takes = (-(-100 // int(linear[1])) - 1) * int(linear[2])
        if takes > LONGEST_SHIFT_MINUTES:
            yield (
                f"canary.deployment: {deployment} takes {takes} minutes from its first step to its last, and CodeDeploy "
                f"takes at most {LONGEST_SHIFT_MINUTES}"
            )


def _schema(folder: Path) -> dict[str, Any]:
    """The project's own, as its templates are: this program may be older or newer than both."""
    own = folder / SCHEMA
    try:
        return dict(json.loads((own if own.exists() else template_folder() / SCHEMA).read_text()))
    except ValueError as error:
        raise ClientFailure(f"{own} cannot be read: {error}") from error


def template_folder() -> Path:
    """The project that comes with this program. What else comes with it lies beside that folder: in a wheel, or in the clone."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped" / "project"
    return installed if installed.is_dir() else package.parents[1] / "project"


def create(folder: Path) -> list[Path]:
    """Copy the template project with its notebooks. Raises ClientFailure when the folder is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise ClientFailure(f"{folder} is not empty: name a new folder")
    for name, source in [*_files(template_folder()), *_notebook_files()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / name)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _notebook_files() -> Iterator[tuple[str, Path]]:
    beside = template_folder().parent
    for name in NOTEBOOKS:
        for inner, path in _files(beside / name):
            yield f"{name}/{inner}", path
    for name in EXAMPLE_DATA:
        yield name, beside / name


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """With their names in the folder, without what tools leave in it."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not IGNORED.intersection(inner.parts):
            yield inner.as_posix(), path
