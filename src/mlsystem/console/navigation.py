"""The pages that a project has, in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.client.project import Project
from mlsystem.console.visit import ROOT

# Groups of sections, each with what it is called and where it begins.
GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("", (("Home", "/"),)),
    (
        "Delivery",
        (("Pipeline", "/pipeline"), ("Workflow", "/workflow"), ("Approval", "/approval"), ("Rollout", "/rollout")),
    ),
    ("Production", (("Endpoints and API", "/endpoints"), ("Dashboard", "/dashboard"), ("Logs", "/logs"))),
    ("Quality", (("Monitor", "/monitor"), ("Alarms", "/alarms"), ("Experiments", "/experiments"))),
    ("Record", (("History", "/history"), ("Notifications", "/notifications"), ("Settings", "/settings"))),
)


@dataclass(frozen=True)
class Section:
    name: str
    url: str
    is_here: bool


@dataclass(frozen=True)
class Group:
    name: str
    sections: tuple[Section, ...]


def sections(project: Project, here: str) -> tuple[Group, ...]:
    base = f"{ROOT}/{project.pipeline}"
    return tuple(
        Group(name, tuple(Section(title, base + path, _is_here(here, base, path)) for title, path in group))
        for name, group in GROUPS
    )


def _is_here(here: str, base: str, path: str) -> bool:
    place = here.removeprefix(base) or "/"
    return place == path or (path != "/" and place.startswith(f"{path}/"))
