"""Repositories: create, describe, delete, and the events of their branches.

What Git holds is the truth; the record remembers where each branch was last seen. Whatever differs is announced, so a push that the
engine did not live to announce is announced at its next start.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mlsystem.engine.contract import Call, House, Part, Principal, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, Paging, by_key
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.services.codecommit.repository import GitRepository
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codecommit.type_defs import (
        CreateRepositoryInputTypeDef,
        DeleteRepositoryInputTypeDef,
        GetRepositoryInputTypeDef,
        ListRepositoriesInputTypeDef,
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
        UpdateDefaultBranchInputTypeDef,
    )

log = logging.getLogger(__name__)

PAGES = Paging(1000, "", "nextToken", "nextToken")


class Repository(Record):
    """`seen` is the commit of each branch as it was last announced."""

    kind: ClassVar[str] = "codecommit.repository"
    repository_id: str
    description: str = ""
    default_branch: str = ""
    seen: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)


class Repositories(Part):
    """The records, and the announcement of what changed."""

    def __init__(self, house: House):
        self._house = house

    def start(self) -> None:
        with self._house.database.transaction() as tx:
            for repository in tx.all(Repository):
                self.git(repository.key).create(repository.default_branch or "main")
        with self._house.database.reading() as tx:
            names = [repository.key for repository in tx.all(Repository)]
        for name in names:
            self.announce(name, self._house.root)

    def git(self, name: str) -> GitRepository:
        return GitRepository(self._house.folder.repositories / f"{name}.git")

    def require(self, tx: Transaction, name: str) -> Repository:
        repository = tx.get(Repository, name)
        if repository is None:
            raise AwsError("RepositoryDoesNotExistException", f"{name} does not exist")
        return repository

    def announce(self, name: str, principal: Principal) -> None:
        """Tell what changed since the last time: one event for each branch that was created, moved or deleted."""
        race_point("codecommit.pushed")
        with self._house.database.transaction() as tx:
            repository = tx.get(Repository, name)
            if repository is None:
                return
            now = self.git(name).branches()
            for branch in sorted({*now, *repository.seen}):
                old, new = repository.seen.get(branch), now.get(branch)
                if old != new:
                    self._notify(tx, repository, principal, branch, old, new)
            default = repository.default_branch or next(iter(sorted(now)), "")
            if repository.seen != now or repository.default_branch != default:
                tx.put(repository.changed(seen=now, default_branch=default))

    def _notify(
        self,
        tx: Transaction,
        repository: Repository,
        principal: Principal,
        branch: str,
        old: str | None,
        new: str | None,
    ) -> None:
        """https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html"""
        event = "referenceCreated" if old is None else "referenceDeleted" if new is None else "referenceUpdated"
        detail = {
            "event": event,
            "callerUserArn": principal.arn,
            "repositoryName": repository.key,
            "repositoryId": repository.repository_id,
            "referenceType": "branch",
            "referenceName": branch,
            "referenceFullName": f"refs/heads/{branch}",
            **({"commitId": new} if new else {}),
            **({"oldCommitId": old} if old else {}),
        }
        data = {
            "source": "aws.codecommit",
            "detail-type": "CodeCommit Repository State Change",
            "resources": [self.arn(repository.key)],
            "detail": detail,
        }
        self._house.worker.notify(tx, repository.kind, repository.key, Notice("aws.event", data))

    def arn(self, name: str) -> str:
        return self._house.scope.arn("codecommit", name)

    # ------------------------------------------------------------------ operations
    @operation("CreateRepository", accepts="repositoryName repositoryDescription tags")
    def create(self, request: CreateRepositoryInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["repositoryName"]
        if call.tx.get(Repository, name) is not None:
            raise AwsError("RepositoryNameExistsException", f"Repository named {name} already exists")
        repository = Repository(
            key=name,
            repository_id=self._house.new_id(32),
            description=request.get("repositoryDescription", ""),
            tags=dict(request.get("tags", {})),
        )
        added = call.tx.add(repository)
        self.git(name).delete()
        self.git(name).create("main")
        return {"repositoryMetadata": self._metadata(added)}

    @operation("GetRepository", accepts="repositoryName")
    def get(self, request: GetRepositoryInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"repositoryMetadata": self._metadata(self.require(call.tx, request["repositoryName"]))}

    @operation("ListRepositories", accepts="nextToken sortBy order")
    def list_repositories(self, request: ListRepositoriesInputTypeDef, call: Call) -> Mapping[str, object]:
        mark = _by_change if request.get("sortBy") == "lastModifiedDate" else by_key
        is_descending = request.get("order") == "descending"
        found = sorted(call.tx.each(Repository), key=mark, reverse=is_descending)
        return PAGES.page(found, request, "repositories", mark, _pair, descending=is_descending)

    @operation("DeleteRepository", accepts="repositoryName")
    def delete(self, request: DeleteRepositoryInputTypeDef, call: Call) -> Mapping[str, object]:
        repository = call.tx.get(Repository, request["repositoryName"])
        if repository is None:
            return {}
        call.tx.remove(Repository, repository.key)
        call.tx.after_commit(self.git(repository.key).delete)
        return {"repositoryId": repository.repository_id}

    @operation("UpdateDefaultBranch", accepts="repositoryName defaultBranchName")
    def update_default_branch(self, request: UpdateDefaultBranchInputTypeDef, call: Call) -> Mapping[str, object]:
        repository, branch = self.require(call.tx, request["repositoryName"]), request["defaultBranchName"]
        if branch not in self.git(repository.key).branches():
            raise AwsError("BranchDoesNotExistException", f"{branch} does not exist")
        call.tx.put(repository.changed(default_branch=branch))
        self.git(repository.key).head(branch)
        return {}

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: TagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        repository = self._by_arn(call.tx, request["resourceArn"])
        call.tx.put(repository.changed(tags={**repository.tags, **request["tags"]}))
        return {}

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        repository = self._by_arn(call.tx, request["resourceArn"])
        kept = {key: value for key, value in repository.tags.items() if key not in request["tagKeys"]}
        call.tx.put(repository.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="resourceArn nextToken")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"tags": self._by_arn(call.tx, request["resourceArn"]).tags}

    def _by_arn(self, tx: Transaction, arn: str) -> Repository:
        return self.require(tx, arn.rsplit(":", 1)[-1])

    def _metadata(self, repository: Repository) -> dict[str, object]:
        default = {"defaultBranch": repository.default_branch} if repository.default_branch else {}
        return {
            "accountId": self._house.scope.account,
            "repositoryId": repository.repository_id,
            "repositoryName": repository.key,
            "repositoryDescription": repository.description,
            "creationDate": datetime.fromtimestamp(repository.created_at, UTC),
            "lastModifiedDate": datetime.fromtimestamp(repository.updated_at, UTC),
            "cloneUrlHttp": f"{self._house.door_url}/v1/repos/{repository.key}",
            "Arn": self.arn(repository.key),
            **default,
        }


def _by_change(repository: Repository) -> Mark:
    return (repository.updated_at, repository.key)


def _pair(repository: Repository) -> dict[str, str]:
    return {"repositoryName": repository.key, "repositoryId": repository.repository_id}
