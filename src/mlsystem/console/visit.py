"""What a page knows of the request that it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mlsystem.client.approval_link import ApprovalLink
from mlsystem.client.connection import Connection
from mlsystem.client.errors import NotFound
from mlsystem.client.project import Project
from mlsystem.console.security.people import Person

ROOT = "/_console"


@dataclass(frozen=True)
class Upload:
    """A file of a form."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Visit:
    """`path` and `query` are the request's parameters, `form` and `files` what a form brings.

    `projects` are those that are deployed; `project` is the one of the page. `link` is the mailed one that lets the person in, who may
    do no more than that one says.
    """

    connection: Connection
    projects: tuple[Project, ...]
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    files: Mapping[str, Upload]
    now: datetime
    link: ApprovalLink | None = None

    @property
    def project(self) -> Project:
        """Raises NotFound where the URL names one that is not deployed."""
        wanted = self.path.get("project", "")
        found = next((one for one in self.projects if one.pipeline == wanted), None)
        if found is None:
            raise NotFound(f"no project {wanted} is deployed here: `mlsystem deploy` makes one")
        return found

    def url(self, path: str = "/") -> str:
        """Of a page of the same project."""
        return f"{ROOT}/{self.project.pipeline}{path}"
