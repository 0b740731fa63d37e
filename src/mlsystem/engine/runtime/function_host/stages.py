"""The stages of REST APIs that a host may be called for: one document a stage, written by the engine, read when it has changed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

_PREFIX = re.compile(r"/_api/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)(/[^?]*)?(?:\?(.*))?")


@dataclass(frozen=True)
class Integration:
    """One method of a resource, and the function behind it. `is_permitted`: the function's policy lets API Gateway call it."""

    http_method: str
    resource: str
    resource_id: str
    target: str
    arn: str
    is_permitted: bool


@dataclass(frozen=True)
class Stage:
    api_id: str
    stage: str
    account: str
    region: str
    deployment_id: str
    variables: dict[str, str] | None
    binary_media_types: list[str]
    integrations: list[Integration]

    def find(self, method: str, path: str) -> tuple[Integration, dict[str, str]] | None:
        """The integration that a request is for, and its path parameters; literal parts win over parameters."""
        candidates = sorted(self.integrations, key=lambda item: (_rank(item.resource), item.http_method == "ANY"))
        for item in candidates:
            match = _expression(item.resource).fullmatch(path)
            if match is not None and item.http_method in (method, "ANY"):
                names = re.findall(r"\{([^}+]+)\+?\}", item.resource)
                return item, {name: unquote(value) for name, value in zip(names, match.groups(), strict=True)}
        return None


@dataclass(frozen=True)
class Target:
    """A request's path, taken apart."""

    api_id: str
    stage: str
    path: str
    query: str


def parse_target(target: str) -> Target | None:
    """None for a path that is not of an API."""
    match = _PREFIX.fullmatch(target)
    return Target(match[1], match[2], match[3] or "/", match[4] or "") if match else None


class Stages:
    """Reads a document again when its file is another one."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, int], Stage]] = {}

    def get(self, api_id: str, stage: str) -> Stage | None:
        path = self._folder / f"{api_id}.{stage}.json"
        try:
            stat = path.stat()
            mark = (stat.st_ino, stat.st_mtime_ns)
            known = self._known.get(path.name)
            if known is None or known[0] != mark:
                known = self._known[path.name] = (mark, _parse(json.loads(path.read_text())))
        except FileNotFoundError:
            return None
        return known[1]


def _parse(document: dict[str, object]) -> Stage:
    integrations = document.pop("integrations")
    assert isinstance(integrations, list)
    return Stage(**document, integrations=[Integration(**item) for item in integrations])  # type: ignore[arg-type]


def _expression(resource: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", resource)
    text = "".join(
        ("(.+)" if part.endswith("+}") else "([^/]+)") if part.startswith("{") else re.escape(part) for part in parts
    )
    return re.compile(f"{text}/?" if resource != "/" else "/?")


def _rank(resource: str) -> tuple[int, ...]:
    """Sorts literal parts before parameters, and greedy parameters last."""
    return tuple(2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in resource.split("/"))
