"""What a project is set to: mlsystem.yaml as its repository has it, with what each setting means, and its stacks as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import yaml
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.notifications import shown_endpoint
from mlsystem.client.project import SCHEMA, SETTINGS, Project
from mlsystem.client.served_model import is_secret

HIDDEN = "(not shown)"
# CloudFormation answers it for a NoEcho parameter.
MASK = "****"
STACKS = ("pipeline", "workflow", "sagemaker-custom-resource", "deploy-dev", "deploy-prd")
WEBHOOK = ("webhook_url", "WebhookUrl")  # its URL may be all that keeps others out
ABSENT = ("FileDoesNotExistException", "RepositoryDoesNotExistException", "BranchDoesNotExistException",
          "CommitDoesNotExistException", "EncryptionKeyAccessDeniedException")  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """`name` with its section in front: `gate.threshold`."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Section:
    name: str
    meaning: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Committed:
    """The settings of the newest commit on the project's branch."""

    commit: str
    branch: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class StackView:
    name: str
    status: str
    meaning: str
    created: datetime
    updated: datetime | None
    parameters: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str, str], ...]
    tags: tuple[tuple[str, str], ...]


def read_committed(connection: Connection, project: Project) -> Committed | None:
    """None where CodeCommit does not have it: the project's code may be at another provider. Raises ClientFailure."""
    found = _file(connection, project, SETTINGS)
    if found is None:
        return None
    commit, content = found
    schema = _file(connection, project, SCHEMA)
    return Committed(commit, project.branch, _sections(content, schema[1] if schema else b""))


def read_stacks(connection: Connection, project: Project) -> list[StackView]:
    """Those that are there; those of another account are not."""
    with ThreadPoolExecutor(len(STACKS)) as pool:
        found = list(pool.map(lambda name: _stack(connection, f"{project.pipeline}-{name}"), STACKS))
    return [stack for stack in found if stack is not None]


# ---------------------------------------------------------------------- settings
@lru_cache(maxsize=8)
def _sections(content: bytes, schema: bytes) -> tuple[Section, ...]:
    """Reading YAML takes longer than all that is asked for a page. Raises ClientFailure."""
    try:
        settings = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ClientFailure(f"{SETTINGS} cannot be read: {error}") from error
    known = _schema(schema) if schema else {}
    return tuple(_section(name, value, known) for name, value in settings.items()) if isinstance(settings, dict) else ()


def _section(name: str, value: Any, schema: Mapping[str, Any]) -> Section:
    about = schema.get("properties", {}).get(name, {})
    members = value if isinstance(value, dict) else {"": value}
    return Section(name, about.get("description", ""), tuple(flat(members, about, f"{name}.")))


def flat(members: Mapping[str, Any], schema: Mapping[str, Any], before: str) -> Iterator[Setting]:
    """Nested settings under their dotted names. A list, and what the schema takes as one, is one value."""
    for name, value in members.items():
        about = _about(schema, name)
        if isinstance(value, dict) and value:
            yield from flat(value, about, f"{before}{name}.")
        else:
            yield Setting(f"{before}{name}".rstrip("."), shown(name, value), about.get("description", ""))


def _about(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = schema.get("properties", {}).get(name)
    if found is None:
        found = schema.get("additionalProperties", {})
    return found if isinstance(found, dict) else {}


def _schema(content: bytes) -> dict[str, Any]:
    """With `$ref`s to its own definitions put in their place; without it settings have no meaning told."""
    try:
        schema = json.loads(content)
    except ValueError:
        return {}
    return dict(_resolved(schema, schema.get("$defs", {})))


def _resolved(part: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_resolved(item, known) for item in part]
    if not isinstance(part, dict):
        return part
    target = part.get("$ref", "")
    base = _resolved(known.get(target.rpartition("/")[2], {}), known) if target else {}
    return {**base, **{key: _resolved(value, known) for key, value in part.items() if key not in ("$ref", "$defs")}}


def shown(name: str, value: Any) -> str:
    """A setting's value as it is written; of what may be a secret only that there is one."""
    if value in (None, "", [], {}):
        return ""
    if name in WEBHOOK:
        return shown_endpoint(str(value))
    if is_secret(name) or value == MASK:
        return HIDDEN
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _file(connection: Connection, project: Project, path: str) -> tuple[str, bytes] | None:
    """Commit and content."""
    try:
        found = connection.client("codecommit").get_file(
            repositoryName=project.pipeline, commitSpecifier=project.branch, filePath=path
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise ClientFailure(f"{path} of {project.pipeline}: {error.response['Error']['Message']}") from error
    return str(found["commitId"]), bytes(found["fileContent"])


# ---------------------------------------------------------------------- stacks
def _stack(connection: Connection, name: str) -> StackView | None:
    try:
        found = connection.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise ClientFailure(f"the stack {name}: {error.response['Error']['Message']}") from error
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", ())}
    return StackView(
        name=name,
        status=found["StackStatus"],
        meaning=found.get("Description", ""),
        created=found["CreationTime"],
        updated=found.get("LastUpdatedTime"),
        parameters=tuple((key, shown(key, value)) for key, value in parameters.items()),
        outputs=tuple(
            (one["OutputKey"], shown(one["OutputKey"], one["OutputValue"]), one.get("Description", ""))
            for one in found.get("Outputs", ())
        ),
        tags=tuple((one["Key"], one["Value"]) for one in found.get("Tags", ())),
    )
