"""CodeCommit: a Git repository that git itself and the API both work on."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine


def _repository(engine: LiveEngine) -> str:
    name = f"repo-{uuid.uuid4().hex[:8]}"
    engine.client("codecommit").create_repository(repositoryName=name, tags={"a": "b"})
    return name


def _url(engine: LiveEngine, name: str) -> str:
    url = engine.client("codecommit").get_repository(repositoryName=name)["repositoryMetadata"]["cloneUrlHttp"]
    root = engine.credentials()
    user, password = root["access_key_id"], quote(root["secret_access_key"], safe="")
    return str(url).replace("http://", f"http://{user}:{password}@")


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
    }
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_what_git_pushes_the_api_reads(engine: LiveEngine, tmp_path: Path) -> None:
    codecommit, name = engine.client("codecommit"), _repository(engine)
    assert _git(tmp_path, "init", "-q", "-b", "main", "work").returncode == 0
    work = tmp_path / "work"
    (work / "model").mkdir()
    (work / "model" / "a.txt").write_text("ä\n")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    _git(work, "add", "-A")
    _git(work, "commit", "-q", "-m", "First\n\nWith a body")
    pushed = _git(work, "push", "-q", _url(engine, name), "main")
    assert pushed.returncode == 0, pushed.stderr
    head = _git(work, "rev-parse", "HEAD").stdout.strip()
    assert codecommit.get_branch(repositoryName=name, branchName="main")["branch"]["commitId"] == head
    assert codecommit.get_repository(repositoryName=name)["repositoryMetadata"]["defaultBranch"] == "main"
    commit = codecommit.get_commit(repositoryName=name, commitId=head)["commit"]
    assert (commit["author"]["name"], commit["message"]) == ("Ada", "First\n\nWith a body")
    root = codecommit.get_folder(repositoryName=name, folderPath="/")
    assert [(item["absolutePath"], item["fileMode"]) for item in root["files"]] == [("run.sh", "EXECUTABLE")]
    assert [item["absolutePath"] for item in root["subFolders"]] == ["model"]
    inside = codecommit.get_folder(repositoryName=name, commitSpecifier="main", folderPath="model")
    assert codecommit.get_blob(repositoryName=name, blobId=inside["files"][0]["blobId"])["content"] == "ä\n".encode()
    assert codecommit.get_file(repositoryName=name, filePath="model/a.txt")["fileContent"] == "ä\n".encode()


def test_what_the_api_commits_git_clones(engine: LiveEngine, tmp_path: Path) -> None:
    codecommit, name = engine.client("codecommit"), _repository(engine)
    first = codecommit.create_commit(
        repositoryName=name,
        branchName="main",
        authorName="Bo",
        commitMessage="Seed",
        putFiles=[{"filePath": "a/b.txt", "fileContent": b"1"}, {"filePath": "c.txt", "fileContent": b"2"}],
    )
    second = codecommit.create_commit(
        repositoryName=name,
        branchName="main",
        parentCommitId=first["commitId"],
        putFiles=[{"filePath": "a/b.txt", "fileContent": b"3"}],
        deleteFiles=[{"filePath": "c.txt"}],
    )
    assert [item["absolutePath"] for item in second["filesUpdated"]] == ["a/b.txt"]
    assert [item["absolutePath"] for item in second["filesDeleted"]] == ["c.txt"]
    cloned = _git(tmp_path, "clone", "-q", _url(engine, name), "copy")
    assert cloned.returncode == 0, cloned.stderr
    assert (tmp_path / "copy" / "a" / "b.txt").read_text() == "3"
    assert not (tmp_path / "copy" / "c.txt").exists()
    differences = codecommit.get_differences(
        repositoryName=name, beforeCommitSpecifier=first["commitId"], afterCommitSpecifier="main"
    )["differences"]
    assert [item["changeType"] for item in differences] == ["M", "D"]


def test_a_commit_on_an_outdated_parent_is_refused(engine: LiveEngine) -> None:
    codecommit, name = engine.client("codecommit"), _repository(engine)
    put = [{"filePath": "a", "fileContent": b"1"}]
    codecommit.create_commit(repositoryName=name, branchName="main", putFiles=put)
    with pytest.raises(ClientError) as error:
        codecommit.create_commit(repositoryName=name, branchName="main", parentCommitId="0" * 40, putFiles=put)
    assert error.value.response["Error"]["Code"] == "ParentCommitIdOutdatedException"


def test_a_wrong_password_is_refused(engine: LiveEngine, tmp_path: Path) -> None:
    name = _repository(engine)
    url = f"{engine.url.replace('http://', 'http://AKIAXXXX:wrong@')}/v1/repos/{name}"
    refused = _git(tmp_path, "clone", "-q", url, "copy")
    assert refused.returncode != 0
    assert "Authentication failed" in refused.stderr


def test_a_deleted_repository_is_gone(engine: LiveEngine, tmp_path: Path) -> None:
    name = _repository(engine)
    url = _url(engine, name)
    engine.client("codecommit").delete_repository(repositoryName=name)
    with pytest.raises(ClientError) as error:
        engine.client("codecommit").get_repository(repositoryName=name)
    assert error.value.response["Error"]["Code"] == "RepositoryDoesNotExistException"
    assert _git(tmp_path, "clone", "-q", url, "copy").returncode != 0
