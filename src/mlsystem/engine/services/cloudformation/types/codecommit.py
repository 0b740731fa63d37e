"""AWS::CodeCommit::Repository, with the ZIP file that it begins with.

A commit is written by Git, outside of any transaction; so the handler is repeated after a crash. What it made is written down together with
the repository, and a branch that exists is not seeded again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, ClassVar

from mlsystem.archives import BROKEN_ZIP
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.resource_type import Done, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import retag, tag_map, tagged
from mlsystem.engine.store.records import Record

EXECUTABLE = 0o111


class MadeRepository(Record):
    """`key` is that of the action which made it, so that a repetition of the action knows its own repository."""

    kind: ClassVar[str] = "cloudformation.made_repository"
    name: str


class Repository:
    """`Code` counts when the repository is made; changes of it are ignored, as by CloudFormation."""

    name = "AWS::CodeCommit::Repository"
    properties = frozenset({"RepositoryName", "RepositoryDescription", "Code", "Tags"})
    required = frozenset({"RepositoryName"})
    attributes: frozenset[str] | None = frozenset({"Arn", "CloneUrlHttp", "CloneUrlSsh", "Name"})
    immutable: frozenset[str] = frozenset()
    is_outside = True

    def create(self, site: Site, properties: Properties) -> Outcome:
        name = str(properties["RepositoryName"])
        with site.house.database.transaction() as tx:
            if tx.get(MadeRepository, site.key) is None:
                site.call("codecommit", "CreateRepository", self._request(site, properties))
                tx.add(MadeRepository(key=site.key, name=name))
        try:
            self._seed(site, name, properties.get("Code"))
        except AwsError:
            # A repository that failed to become what it should must not stay: nobody knows its id yet.
            site.call("codecommit", "DeleteRepository", {"repositoryName": name})
            raise
        return self._done(site, name)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        before, name = str(old["RepositoryName"]), str(new["RepositoryName"])
        if name != before:
            site.call("codecommit", "UpdateRepositoryName", {"oldName": before, "newName": name})
        if old.get("RepositoryDescription") != new.get("RepositoryDescription"):
            request = {"repositoryName": name, "repositoryDescription": new.get("RepositoryDescription", "")}
            site.call("codecommit", "UpdateRepositoryDescription", request)
        arn = site.house.scope.arn("codecommit", name)
        retag(
            site,
            old,
            new,
            tag=lambda tags: site.call("codecommit", "TagResource", {"resourceArn": arn, "tags": tags}),
            untag=lambda gone: site.call("codecommit", "UntagResource", {"resourceArn": arn, "tagKeys": gone}),
        )
        return self._done(site, name)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            site.call("codecommit", "DeleteRepository", {"repositoryName": properties["RepositoryName"]})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _request(self, site: Site, properties: Properties) -> dict[str, Any]:
        request = {"repositoryName": properties["RepositoryName"]}
        if "RepositoryDescription" in properties:
            request["repositoryDescription"] = properties["RepositoryDescription"]
        return tagged(request, "tags", tag_map(site, properties))

    def _seed(self, site: Site, name: str, code: Mapping[str, Any] | None) -> None:
        if code is None:
            return
        branch = code.get("BranchName", "main")
        if branch in site.call("codecommit", "ListBranches", {"repositoryName": name})["branches"]:
            return
        place = {api: code["S3"][member] for member, api in PLACE.items() if member in code["S3"]}
        content: bytes = site.call("s3", "GetObject", place)["Body"].read()
        request = {
            "repositoryName": name,
            "branchName": branch,
            "commitMessage": "Initial commit",
            "putFiles": _files(content),
        }
        site.call("codecommit", "CreateCommit", request)

    def _done(self, site: Site, name: str) -> Done:
        found = site.call("codecommit", "GetRepository", {"repositoryName": name})["repositoryMetadata"]
        attributes = {
            "Arn": found["Arn"],
            "Name": name,
            "CloneUrlHttp": found["cloneUrlHttp"],
            "CloneUrlSsh": found.get("cloneUrlSsh", ""),
        }
        return Done(found["repositoryId"], attributes)


PLACE = {"Bucket": "Bucket", "Key": "Key", "ObjectVersion": "VersionId"}


def _files(content: bytes) -> list[dict[str, Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [
                {
                    "filePath": item.filename,
                    "fileContent": archive.read(item),
                    "fileMode": "EXECUTABLE" if (item.external_attr >> 16) & EXECUTABLE else "NORMAL",
                }
                for item in archive.infolist()
                if not item.is_dir()
            ]
    except BROKEN_ZIP as error:
        raise AwsError("InvalidRequest", "The object that Code.S3 names is not a ZIP file") from error
