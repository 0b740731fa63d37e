"""The stages of REST APIs that a host may be called for: one document a stage, written by the engine, read when it has changed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from .document import Document

_NAMES = re.compile(r"\{([^}+]+)\+?\}")
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
    """What a deployment made of a stage's methods, and what else decides how a request becomes an event."""

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
        for item, expression, names in self._candidates:
            match = expression.fullmatch(path)
            if match is not None and item.http_method in (method, "ANY"):
                return item, {name: unquote(value) for name, value in zip(names, match.groups(), strict=True)}
        return None

    @cached_property
    def _candidates(self) -> list[tuple[Integration, re.Pattern[str], list[str]]]:
        ordered = sorted(self.integrations, key=lambda item: (_rank(item.resource), item.http_method == "ANY"))
        return [(item, _expression(item.resource), _NAMES.findall(item.resource)) for item in ordered]


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
    def __init__(self, folder: Path):
        self._folder = folder
        self._known: dict[tuple[str, str], Document[Stage]] = {}

    def get(self, api_id: str, stage: str) -> Stage | None:
        document = self._known.get((api_id, stage)) or Document(self._folder / f"{api_id}.{stage}.json", _parse)
        try:
            found = document.read()
        except FileNotFoundError:
            self._known.pop((api_id, stage), None)
            return None
        self._known[api_id, stage] = document
        return found


def _parse(text: str) -> Stage:
    document = json.loads(text)
    integrations = document.pop("integrations")
    return Stage(**document, integrations=[Integration(**item) for item in integrations])


def _expression(resource: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", resource)
    text = "".join(
        ("(.+)" if part.endswith("+}") else "([^/]+)") if part.startswith("{") else re.escape(part) for part in parts
    )
    return re.compile(f"{text}/?" if resource != "/" else "/?")


def _rank(resource: str) -> tuple[int, ...]:
    """Sorts literal parts before parameters, and greedy parameters last."""
    return tuple(2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in resource.split("/"))
