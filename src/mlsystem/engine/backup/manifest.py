"""The last member of a backup: what must be in it, and what it is a backup of. Without it a backup is none."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mlsystem.engine.backup.errors import BackupError
from mlsystem.engine.store.migrations import SCHEMA_VERSION

FORMAT = 1
NAME = "manifest.json"
DATABASE = "state.db"


class Member(BaseModel):
    """A file has its size and SHA-256 (hex), a link its target; modes and owners are in the archive's own headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["file", "folder", "link"]
    size: int = 0
    sha256: str = ""
    target: str = ""


class Manifest(BaseModel):
    """`key_check` tells the key of this folder from any other, and tells nothing of it.

    `changing` are shared files that were written to all the time: their copies may be of no one moment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    schema_version: int
    made_at: str
    account: str
    region: str
    key_check: str
    members: dict[str, Member]
    changing: tuple[str, ...] = ()


def read_manifest(text: bytes) -> Manifest:
    """Raises BackupError for one that is damaged, or that a later version has made."""
    try:
        content = json.loads(text)
        if content["format"] > FORMAT or content["schema_version"] > SCHEMA_VERSION:
            raise BackupError(
                f"the backup was made by a later version (format {content['format']}, schema "
                f"{content['schema_version']}; this one reads {FORMAT} and {SCHEMA_VERSION}): restore it with that one"
            )
        return Manifest.model_validate(content)
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise BackupError("the backup's manifest is damaged: use another backup") from error
