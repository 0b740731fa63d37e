"""Where a dashboard's body comes from, and where it is put: the project's file, and CloudWatch."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.variables import with_values
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project, template_folder
from mlsystem.client.stack import Stack

FILE = Path("studio_nbs") / "dashboard.json"


def project_body(connection: Connection, project: Project) -> str:
    """The file, with the names of this project and of what its production has now. Raises ClientFailure."""
    path = dashboard_file(project)
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        raise ClientFailure(f"{path} cannot be read: {error}") from error
    return with_values(text, _names(connection, project))


def stored_body(connection: Connection, name: str) -> str:
    """The one in CloudWatch. Raises NotFound, ClientFailure."""
    body = _get(connection, name)
    if body is None:
        raise NotFound(
            f"there is no dashboard {name} in CloudWatch: `mlsystem dashboard --put` puts the project's there"
        )
    return with_values(body)


def is_stored(connection: Connection, name: str) -> bool:
    return _get(connection, name) is not None


def stored_names(connection: Connection, prefix: str = "") -> list[str]:
    """Of dashboards in CloudWatch that begin so: those of the first page, which has up to a thousand."""
    given = {"DashboardNamePrefix": prefix} if prefix else {}
    found = connection.client("cloudwatch").list_dashboards(**given)
    return [str(one["DashboardName"]) for one in found["DashboardEntries"]]


def put_body(connection: Connection, project: Project, name: str | None = None) -> str:
    """The project's dashboard into CloudWatch; under which name it is there."""
    name = name or overview(project)
    cloudwatch = connection.client("cloudwatch")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=project_body(connection, project))
    return name


def overview(project: Project) -> str:
    """What the project's dashboard is called in CloudWatch; the pipeline's own name is that of the production stack's."""
    return f"{project.pipeline}-overview"


def dashboard_file(project: Project) -> Path:
    """The project's own, else the one that comes with this program."""
    own = project.folder / FILE
    return own if own.exists() else template_folder().parent / FILE


def _get(connection: Connection, name: str) -> str | None:
    try:
        return str(connection.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "DashboardNotFoundError"):
            return None
        raise


def _names(connection: Connection, project: Project) -> dict[str, str]:
    """Values of the file's variables. Where production was never deployed its endpoint is left open."""
    names = {
        "pipeline": project.pipeline,
        "model": f"{project.prefix}-{project.model_name}",
        "region": connection.region,
        "account": connection.account(),
        "partition": f"arn:{connection.partition()}",
    }
    endpoint = Stack(connection, project.deployed_stack("prd")).outputs().get("EndpointName")
    return {**names, "endpoint": endpoint} if endpoint else names
