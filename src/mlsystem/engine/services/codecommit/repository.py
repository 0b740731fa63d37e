"""A bare Git repository on disk, through the `git` program.

https://docs.aws.amazon.com/codecommit/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.decide.errors import AwsError

COMMIT = re.compile(r"[0-9a-f]{40}")
# What the person who runs the engine has configured must not change what its repositories do.
BARE_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
}


@dataclass(frozen=True)
class TreeEntry:
    """A line of `git ls-tree`: mode (`100644`), type (blob, tree, commit), object id, path from the root."""

    mode: str
    type: str
    id: str
    path: str


@dataclass(frozen=True)
class CommitInfo:
    id: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, str]
    committer: tuple[str, str, str]
    message: str


class GitRepository:
    """Raises AwsError with CodeCommit's codes."""

    def __init__(self, path: Path):
        self.path = path

    def create(self, branch: str) -> None:
        """Make it; to make it again changes nothing."""
        self._git("init", "--quiet", "--bare", "--initial-branch", branch, str(self.path), cwd=self.path.parent)
        self._git("config", "http.receivepack", "true")

    def delete(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def branches(self) -> dict[str, str]:
        """Commit id by branch name."""
        lines = self._git("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/heads").splitlines()
        return dict(line.rsplit(" ", 1) for line in lines)

    def point(self, branch: str, commit: str, expected: str | None) -> bool:
        """Move a branch, if it still is where it is expected; False when it is not."""
        old = expected or "0" * 40
        done = self._run(("update-ref", f"refs/heads/{branch}", commit, old), b"")
        return done.returncode == 0

    def head(self, branch: str) -> None:
        self._git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def resolve(self, specifier: str) -> str:
        """The commit behind a commit id or a branch name."""
        name = specifier if COMMIT.fullmatch(specifier) else f"refs/heads/{specifier.removeprefix('refs/heads/')}"
        done = self._run(("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), b"")
        if done.returncode != 0:
            raise AwsError("CommitDoesNotExistException", f"The commit or branch {specifier} does not exist.")
        return done.stdout.decode().strip()

    def commit(self, commit: str) -> CommitInfo:
        fields = "%H%x00%T%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%B"
        done = self._run(("show", "--no-patch", "--date=raw", f"--format={fields}", commit), b"")
        if done.returncode != 0:
            raise AwsError("CommitIdDoesNotExistException", f"The commit {commit} does not exist.")
        parts = done.stdout.decode(errors="replace").split("\0")
        author, committer = (parts[3], parts[4], parts[5]), (parts[6], parts[7], parts[8])
        return CommitInfo(parts[0], parts[1], tuple(parts[2].split()), author, committer, parts[9].rstrip("\n"))

    def tree(self, commit: str, folder: str = "", recursive: bool = False) -> list[TreeEntry]:
        """The entries below a folder ("" for the root)."""
        arguments = ["ls-tree", "-z", *(["-r"] if recursive else []), commit]
        clean = folder.strip("/")
        lines = self._git(*arguments, *([f"{clean}/"] if clean else [])).split("\0")
        entries = []
        for line in filter(None, lines):
            head, path = line.split("\t", 1)
            mode, kind, object_id = head.split()
            entries.append(TreeEntry(mode, kind, object_id, path))
        return entries

    def blob(self, object_id: str) -> bytes:
        done = self._run(("cat-file", "blob", object_id), b"")
        if done.returncode != 0:
            raise AwsError("BlobIdDoesNotExistException", f"The blob {object_id} does not exist.")
        return done.stdout

    def differences(self, before: str | None, after: str) -> list[tuple[str, str, str, str, str]]:
        """(change type A, M or D, path, old blob, new blob, new mode) of each file that differs."""
        empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        fields = self._git("diff-tree", "-r", "-z", "--no-renames", before or empty, after).split("\0")
        found = []
        for head, path in zip(fields[0::2], fields[1::2], strict=False):
            _old_mode, new_mode, old, new, kind = head.lstrip(":").split()
            found.append((kind, path, old, new, new_mode))
        return found

    def write_commit(
        self,
        parent: str | None,
        put: Mapping[str, tuple[bytes, str]],
        delete: Sequence[str],
        author: tuple[str, str],
        message: str,
        at: float,
    ) -> str:
        """A commit object with files (content, mode) put and deleted; no branch points to it yet."""
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            if parent:
                self._git("read-tree", parent, environment=index)
            lines = [f"0 {'0' * 40}\t{path}" for path in delete]
            lines += [f"{mode} {self._write_blob(content)}\t{path}" for path, (content, mode) in put.items()]
            self._git(
                "update-index", "-z", "--index-info", stdin="".join(f"{line}\0" for line in lines), environment=index
            )
            tree = self._git("write-tree", environment=index).strip()
        stamp = f"{int(at)} +0000"
        name, email = author
        who = {
            "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email, "GIT_COMMITTER_DATE": stamp,
        }  # fmt: skip
        parents = ["-p", parent] if parent else []
        return self._git("commit-tree", tree, *parents, "-F", "-", stdin=message, environment=who).strip()

    def _write_blob(self, content: bytes) -> str:
        return self._run(("hash-object", "-w", "--stdin"), content).stdout.decode().strip()

    def _git(
        self, *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        done = self._run(arguments, stdin.encode(), environment, cwd)
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip()
            raise AwsError("InternalFailure", f"git {arguments[0]} failed in {self.path.name}: {words}", 500)
        return done.stdout.decode(errors="replace")

    def _run(
        self,
        arguments: Sequence[str],
        stdin: bytes,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        if not self.path.exists() and cwd is None:
            raise AwsError("RepositoryDoesNotExistException", f"{self.path.stem} does not exist")
        full = {**os.environ, **BARE_ENVIRONMENT, **(environment or {})}
        return subprocess.run(
            ["git", *arguments],
            input=stdin,
            capture_output=True,
            env=full,
            cwd=cwd or self.path,
            check=False,
            timeout=120,
        )
