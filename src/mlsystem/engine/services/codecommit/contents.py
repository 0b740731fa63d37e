"""Branches, commits, files: what a repository holds, read and written by API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Mark, Paging, by_itself
from mlsystem.engine.services.codecommit.repositories import Repositories
from mlsystem.engine.services.codecommit.repository import GitRepository, TreeEntry

if TYPE_CHECKING:
    from types_boto3_codecommit.type_defs import (
        CreateBranchInputTypeDef,
        CreateCommitInputTypeDef,
        GetBlobInputTypeDef,
        GetBranchInputTypeDef,
        GetCommitInputTypeDef,
        GetDifferencesInputTypeDef,
        GetFileInputTypeDef,
        GetFolderInputTypeDef,
        ListBranchesInputTypeDef,
        PutFileInputTypeDef,
    )

MODES = {"NORMAL": "100644", "EXECUTABLE": "100755", "SYMLINK": "120000"}
MODE_NAMES = {mode: name for name, mode in MODES.items()}


class Contents(Part):
    """Reads go to Git; a write makes a commit and moves its branch, then the change is announced."""

    def __init__(self, house: House, repositories: Repositories):
        self._house = house
        self._repositories = repositories

    def _git(self, name: str) -> GitRepository:
        with self._house.database.reading() as tx:
            self._repositories.require(tx, name)
        return self._repositories.git(name)

    @operation("GetBranch", mode="free", accepts="repositoryName branchName")
    def get_branch(self, request: GetBranchInputTypeDef, call: Call) -> Mapping[str, object]:
        branch = request["branchName"]
        commit = self._git(request["repositoryName"]).branches().get(branch)
        if commit is None:
            raise AwsError(
                "BranchDoesNotExistException", f"The branch {branch} does not exist in {request['repositoryName']}."
            )
        return {"branch": {"branchName": branch, "commitId": commit}}

    @operation("ListBranches", mode="free", accepts="repositoryName nextToken")
    def list_branches(self, request: ListBranchesInputTypeDef, call: Call) -> Mapping[str, object]:
        branches = sorted(self._git(request["repositoryName"]).branches())
        return Paging(100, "", "nextToken", "nextToken").page(branches, request, "branches", by_itself)

    @operation("CreateBranch", mode="free", accepts="repositoryName branchName commitId")
    def create_branch(self, request: CreateBranchInputTypeDef, call: Call) -> Mapping[str, object]:
        git = self._git(request["repositoryName"])
        commit = git.resolve(request["commitId"])
        if not git.point(request["branchName"], commit, None):
            raise AwsError("BranchNameExistsException", f"The branch {request['branchName']} exists already.")
        self._repositories.announce(request["repositoryName"], call.principal)
        return {}

    @operation("GetCommit", mode="free", accepts="repositoryName commitId")
    def get_commit(self, request: GetCommitInputTypeDef, call: Call) -> Mapping[str, object]:
        commit = self._git(request["repositoryName"]).commit(request["commitId"])
        people = {
            role: dict(zip(("name", "email", "date"), who, strict=True))
            for role, who in (("author", commit.author), ("committer", commit.committer))
        }
        return {
            "commit": {
                "commitId": commit.id,
                "treeId": commit.tree,
                "parents": list(commit.parents),
                "message": commit.message,
                "additionalData": "",
                **people,
            }
        }

    @operation("GetFile", mode="free", accepts="repositoryName commitSpecifier filePath")
    def get_file(self, request: GetFileInputTypeDef, call: Call) -> Mapping[str, object]:
        git = self._git(request["repositoryName"])
        commit = git.resolve(request.get("commitSpecifier") or self._default_branch(request["repositoryName"]))
        path = request["filePath"].strip("/")
        entry = next((item for item in git.tree(commit, recursive=True) if item.path == path), None)
        if entry is None:
            raise AwsError("FileDoesNotExistException", f"The file {path} does not exist in {commit}.")
        content = git.blob(entry.id)
        return {
            "commitId": commit,
            "blobId": entry.id,
            "filePath": path,
            "fileMode": MODE_NAMES[entry.mode],
            "fileSize": len(content),
            "fileContent": content,
        }

    @operation("GetFolder", mode="free", accepts="repositoryName commitSpecifier folderPath")
    def get_folder(self, request: GetFolderInputTypeDef, call: Call) -> Mapping[str, object]:
        git = self._git(request["repositoryName"])
        commit = git.resolve(request.get("commitSpecifier") or self._default_branch(request["repositoryName"]))
        folder = request["folderPath"].strip("/")
        entries = git.tree(commit, folder)
        if folder and not entries:
            raise AwsError("FolderDoesNotExistException", f"The folder {folder} does not exist in {commit}.")
        return {
            "commitId": commit,
            "folderPath": folder,
            "treeId": git.commit(commit).tree,
            "subFolders": [{"treeId": item.id, **_paths(item)} for item in entries if item.type == "tree"],
            "files": [_file(item) for item in entries if item.type == "blob" and item.mode != MODES["SYMLINK"]],
            "symbolicLinks": [_file(item) for item in entries if item.mode == MODES["SYMLINK"]],
        }

    @operation("GetBlob", mode="free", accepts="repositoryName blobId")
    def get_blob(self, request: GetBlobInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"content": self._git(request["repositoryName"]).blob(request["blobId"])}

    @operation(
        "GetDifferences",
        mode="free",
        accepts="repositoryName beforeCommitSpecifier afterCommitSpecifier MaxResults NextToken",
    )
    def get_differences(self, request: GetDifferencesInputTypeDef, call: Call) -> Mapping[str, object]:
        git = self._git(request["repositoryName"])
        before = request.get("beforeCommitSpecifier")
        after = git.resolve(request["afterCommitSpecifier"])
        differences = []
        for kind, path, old, new, mode in git.differences(git.resolve(before) if before else None, after):
            blobs: dict[str, object] = {}
            if kind != "A":
                blobs["beforeBlob"] = {"blobId": old, "path": path}
            if kind != "D":
                blobs["afterBlob"] = {"blobId": new, "path": path, "mode": mode}
            differences.append({"changeType": kind, **blobs})
        differences.sort(key=_by_path)
        return Paging(100).page(differences, request, "differences", _by_path)

    @operation(
        "CreateCommit",
        mode="free",
        accepts="repositoryName branchName parentCommitId authorName email commitMessage putFiles deleteFiles",
    )
    def create_commit(self, request: CreateCommitInputTypeDef, call: Call) -> Mapping[str, object]:
        put: dict[str, tuple[bytes, str]] = {}
        for entry in request.get("putFiles", ()):
            if "fileContent" not in entry:
                raise NotImplementedHere("codecommit:CreateCommit with putFiles.sourceFile")
            put[_clean(entry["filePath"])] = (cast(bytes, entry["fileContent"]), MODES[entry.get("fileMode", "NORMAL")])
        delete = [_clean(entry["filePath"]) for entry in request.get("deleteFiles", ())]
        commit, parent = self._commit(request, put, delete, call)
        git = self._repositories.git(request["repositoryName"])
        changes = git.differences(parent, commit)
        return {
            "commitId": commit,
            "treeId": git.commit(commit).tree,
            "filesAdded": [_changed(item) for item in changes if item[0] == "A"],
            "filesUpdated": [_changed(item) for item in changes if item[0] == "M"],
            "filesDeleted": [_changed(item) for item in changes if item[0] == "D"],
        }

    @operation(
        "PutFile",
        mode="free",
        accepts="repositoryName branchName fileContent filePath fileMode parentCommitId commitMessage name email",
    )
    def put_file(self, request: PutFileInputTypeDef, call: Call) -> Mapping[str, object]:
        path = _clean(request["filePath"])
        content = (cast(bytes, request["fileContent"]), MODES[request.get("fileMode", "NORMAL")])
        given = {**request, "authorName": request.get("name", "")}
        commit, _parent = self._commit(given, {path: content}, [], call)
        git = self._repositories.git(request["repositoryName"])
        entry = next(item for item in git.tree(commit, recursive=True) if item.path == path)
        return {"commitId": commit, "blobId": entry.id, "treeId": git.commit(commit).tree}

    def _commit(
        self, request: Mapping[str, Any], put: Mapping[str, tuple[bytes, str]], delete: Sequence[str], call: Call
    ) -> tuple[str, str | None]:
        """The new commit and its parent. Raises AwsError when the branch is not where the caller believes."""
        git, branch = self._git(request["repositoryName"]), request["branchName"]
        parent = git.branches().get(branch)
        given = request.get("parentCommitId")
        if parent is not None and given is None:
            raise AwsError(
                "ParentCommitIdRequiredException", f"The branch {branch} has commits: name the one to build on."
            )
        if given is not None and given != parent:
            raise AwsError("ParentCommitIdOutdatedException", f"The branch {branch} is at {parent}, not at {given}.")
        author = (request.get("authorName") or call.principal.arn.rsplit("/", 1)[-1], request.get("email", ""))
        message = request.get("commitMessage") or "Edited by API"
        commit = git.write_commit(parent, put, delete, author, message, self._house.clock.now())
        if parent is not None and git.commit(commit).tree == git.commit(parent).tree:
            raise AwsError("NoChangeException", "The commit would change nothing.")
        if not git.point(branch, commit, parent):
            raise AwsError("ConcurrentReferenceUpdateException", f"The branch {branch} was moved meanwhile: try again.")
        self._repositories.announce(request["repositoryName"], call.principal)
        return commit, parent

    def _default_branch(self, name: str) -> str:
        with self._house.database.reading() as tx:
            branch = self._repositories.require(tx, name).default_branch
        if not branch:
            raise AwsError("CommitRequiredException", f"The repository {name} has no commit yet.")
        return branch


def _clean(path: str) -> str:
    clean = path.strip("/")
    if not clean or ".." in clean.split("/") or ".git" in clean.split("/"):
        raise AwsError("InvalidPathException", f"{path!r} is not a path inside a repository.")
    return clean


def _paths(entry: TreeEntry) -> dict[str, str]:
    return {"absolutePath": entry.path, "relativePath": entry.path.rsplit("/", 1)[-1]}


def _file(entry: TreeEntry) -> dict[str, str]:
    return {"blobId": entry.id, "fileMode": MODE_NAMES.get(entry.mode, "NORMAL"), **_paths(entry)}


def _changed(change: tuple[str, str, str, str, str]) -> dict[str, str]:
    kind, path, old, new, mode = change
    return {"absolutePath": path, "blobId": old if kind == "D" else new, "fileMode": MODE_NAMES.get(mode, "NORMAL")}


def _by_path(difference: Mapping[str, Any]) -> Mark:
    return (difference.get("afterBlob", difference.get("beforeBlob", {})).get("path", ""), difference["changeType"])
