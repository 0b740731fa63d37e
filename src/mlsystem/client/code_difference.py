"""What changed in the code between two commits, file by file, as a unified diff.

CodeCommit tells which files differ, and gives their contents; the lines are compared here. A page of files at a time, and of each
so much as can be read by a person.
"""

from __future__ import annotations

import difflib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project

FILES_A_PAGE = 20
MOST_LINES = 400
LARGEST = 400_000
WORKERS = 8
SECONDS = re.compile("[0-9]{1,11}")  # since 1970, as long as there are dates
KINDS = {"A": "added", "D": "deleted", "M": "modified"}


@dataclass(frozen=True)
class Line:
    """`kind`: hunk, added, removed or same."""

    kind: str
    text: str


@dataclass(frozen=True)
class FileDifference:
    """`note` says why there are no lines, or that there are more."""

    path: str
    kind: str
    lines: tuple[Line, ...]
    added: int
    removed: int
    note: str = ""


@dataclass(frozen=True)
class Commit:
    id: str
    message: str
    author: str
    at: datetime | None


@dataclass(frozen=True)
class CodeDifference:
    """`next_page` is the token of the page with more files; empty behind the last."""

    before: str
    after: Commit
    files: tuple[FileDifference, ...]
    next_page: str


def code_difference(
    connection: Connection, project: Project, before: str, after: str, page: str = ""
) -> CodeDifference:
    """Between commits of the project's repository. Raises NotFound where CodeCommit has no such repository or commit."""
    codecommit = connection.client("codecommit")
    more = {"NextToken": page} if page else {}
    try:
        commit = _commit(codecommit.get_commit(repositoryName=project.pipeline, commitId=after)["commit"])
        if before == after:
            return CodeDifference(before, commit, (), "")
        found = codecommit.get_differences(
            repositoryName=project.pipeline,
            beforeCommitSpecifier=before,
            afterCommitSpecifier=after,
            MaxResults=FILES_A_PAGE,
            **more,
        )
    except ClientError as error:
        raise _refused(error, before, after) from error
    with ThreadPoolExecutor(WORKERS) as pool:
        files = pool.map(lambda item: _file(codecommit, project.pipeline, item), found["differences"])
        return CodeDifference(before, commit, tuple(files), found.get("NextToken", ""))


def _refused(error: ClientError, before: str, after: str) -> ClientFailure:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code == "RepositoryDoesNotExistException":
        return NotFound(
            f"the code is not in CodeCommit, so {before[:8]} and {after[:8]} can be compared at its Git provider"
        )
    if code in ("CommitDoesNotExistException", "CommitIdDoesNotExistException"):
        return NotFound(f"the repository has no commit {before[:8]} or {after[:8]} any more: {message}")
    return ClientFailure(f"the commits {before[:8]} and {after[:8]} cannot be compared: {message}")


def _commit(told: dict[str, Any]) -> Commit:
    author = told.get("author", {})
    seconds = str(author.get("date", "")).split(" ")[0]
    at = datetime.fromtimestamp(int(seconds), UTC) if SECONDS.fullmatch(seconds) else None
    return Commit(told["commitId"], told.get("message", "").strip(), author.get("name", ""), at)


def _file(codecommit: Any, repository: str, item: dict[str, Any]) -> FileDifference:
    sides = (item.get("beforeBlob"), item.get("afterBlob"))
    path = next(side["path"] for side in reversed(sides) if side)
    kind = KINDS.get(item["changeType"], item["changeType"])
    try:
        before, after = (_content(codecommit, repository, side["blobId"]) if side else b"" for side in sides)
    except ClientError as error:
        return FileDifference(path, kind, (), 0, 0, f"its content cannot be read: {error.response['Error']['Message']}")
    return compare_contents(path, kind, before, after)


def _content(codecommit: Any, repository: str, blob: str) -> bytes:
    return bytes(codecommit.get_blob(repositoryName=repository, blobId=blob)["content"])


def compare_contents(path: str, kind: str, before: bytes, after: bytes) -> FileDifference:
    """Pure."""
    if b"\0" in before[:8000] + after[:8000]:
        return FileDifference(path, kind, (), 0, 0, "a binary file")
    if max(len(before), len(after)) > LARGEST:
        return FileDifference(
            path, kind, (), 0, 0, f"too large to be compared here ({max(len(before), len(after)):,} bytes)"
        )
    old, new = (side.decode(errors="replace").splitlines() for side in (before, after))
    lines = [_line(text) for text in difflib.unified_diff(old, new, lineterm="", n=3)][2:]
    note = f"{len(lines) - MOST_LINES} more lines" if len(lines) > MOST_LINES else ""
    if not lines:
        note = "its mode or its line ends alone"
    counts = [sum(line.kind == one for line in lines) for one in ("added", "removed")]
    return FileDifference(path, kind, tuple(lines[:MOST_LINES]), counts[0], counts[1], note)


def _line(text: str) -> Line:
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    return Line(kinds.get(text[:1], "same"), text)
