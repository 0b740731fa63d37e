"""The code of functions: ZIP files by their hash, and the folder that each is unpacked into.

A ZIP file is kept; its folder can be made again from it. Both are shared by all versions with the same code.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlsystem.archives import BROKEN_ZIP
from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError, NotImplementedHere
from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.runtime.program_files import remove_folder
from mlsystem.engine.runtime.workload import IMAGE_URI, find_image
from mlsystem.engine.services.lambda_.function import FunctionRecord, VersionRecord
from mlsystem.engine.store.disk import FULL

LARGEST_UNPACKED_BYTES = 262_144_000
SYMBOLIC_LINK = 0o120000


class CodeStore:
    """Takes code in and makes it ready to run."""

    def __init__(self, house: House, images: ImageStore):
        self._house = house
        self._images = images
        self._archives = house.folder.root / "functions"
        self._archives.mkdir(exist_ok=True, mode=0o700)

    def take(self, code: Mapping[str, Any], package_type: str, principal: Principal) -> dict[str, Any]:
        """Keep the code of a request: what FunctionRecord.code says of it. Raises AwsError."""
        if "ImageUri" in code or package_type == "Image":
            return self._take_image(code, package_type)
        data = code.get("ZipFile") or self._download(code, principal)
        _check_archive(data)
        digest = hashlib.sha256(data).digest()
        path = self._archives / f"{digest.hex()}.zip"
        try:
            os.utime(path)  # it may be unused, and about to be swept away
        except FileNotFoundError:
            aside = path.with_suffix(f".{secrets.token_hex(4)}")
            aside.write_bytes(data)
            aside.rename(path)
        return {
            "package_type": "Zip",
            "sha256": base64.b64encode(digest).decode(),
            "size": len(data),
            "hex": digest.hex(),
        }

    def sweep(self, before: float) -> None:
        """Remove code that was last taken in before, and that no function and no version has any more."""
        with self._house.database.transaction() as tx:
            known = {function.code.get("hex") for function in tx.all(FunctionRecord)}
            known |= {version.code.get("hex") for version in tx.all(VersionRecord)}
            unpacked = self._house.folder.work / "functions"
            places = [*self._archives.iterdir(), *(unpacked.iterdir() if unpacked.is_dir() else ())]
            doomed = [path for path in places if path.stem not in known and path.lstat().st_mtime < before]
            for path in doomed:
                remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)

    def prepare(self, code: Mapping[str, Any]) -> None:
        """Unpack it. Raises ActionFailed for an image that cannot be run, or a ZIP file that cannot be unpacked."""
        if code["package_type"] == "Image":
            try:
                find_image(self._house, self._images, code["resolved_uri"])
            except ActionFailed as failure:
                raise ActionFailed(failure.reason, "InvalidImage") from failure
        else:
            self.folder(code)

    def folder(self, code: Mapping[str, Any]) -> Path:
        """/var/task of a ZIP file. Raises ActionFailed."""
        target: Path = self._house.folder.work / "functions" / code["hex"]
        if not target.exists():
            target.parent.mkdir(exist_ok=True, mode=0o700)
            aside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
            with zipfile.ZipFile(self._archives / f"{code['hex']}.zip") as archive:
                unpack(archive, aside)
            if target.exists():
                shutil.rmtree(aside)
            else:
                aside.rename(target)
        return target

    def location(self, code: Mapping[str, Any]) -> dict[str, Any]:
        """The Code of GetFunction."""
        if code["package_type"] == "Image":
            resolved = code["resolved_uri"]
            return {"RepositoryType": "ECR", "ImageUri": code["image_uri"], "ResolvedImageUri": resolved}
        return {"RepositoryType": "S3", "Location": (self._archives / f"{code['hex']}.zip").as_uri()}

    def _take_image(self, code: Mapping[str, Any], package_type: str) -> dict[str, Any]:
        uri = code.get("ImageUri", "")
        if package_type != "Image" or not uri:
            raise AwsError(
                "InvalidParameterValueException", "Provide ImageUri with PackageType Image, and nothing but it."
            )
        digest = self._resolve(uri)
        repository = uri.partition("@")[0]
        repository = repository.rsplit(":", 1)[0] if ":" in repository.rsplit("/", 1)[-1] else repository
        resolved = f"{repository}@{digest}"
        sha256 = digest.removeprefix("sha256:")
        return {"package_type": "Image", "sha256": sha256, "size": 0, "image_uri": uri, "resolved_uri": resolved}

    def _resolve(self, uri: str) -> str:
        match = IMAGE_URI.fullmatch(uri)
        if match is None:
            raise AwsError(
                "InvalidParameterValueException", f"Source image {uri} is not valid. Provide a valid source image."
            )
        wanted = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        request = {"repositoryName": match["name"], "imageIds": [wanted]}
        try:
            return str(self._house.call("ecr", "DescribeImages", request)["imageDetails"][0]["imageDigest"])
        except AwsError as error:
            raise AwsError(
                "InvalidParameterValueException", f"Source image {uri} does not exist. Provide a valid source image."
            ) from error

    def _download(self, code: Mapping[str, Any], principal: Principal) -> bytes:
        if "S3Bucket" not in code or "S3Key" not in code:
            raise AwsError("InvalidParameterValueException", "Please provide a source for function code.")
        request = {"Bucket": code["S3Bucket"], "Key": code["S3Key"], "VersionId": code.get("S3ObjectVersion")}
        try:
            body = self._house.call("s3", "GetObject", request, principal)["Body"]
        except AwsError as error:
            raise AwsError(
                "InvalidParameterValueException",
                f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message} "
                f"(s3://{code['S3Bucket']}/{code['S3Key']})",
            ) from error
        return b"".join(body.pieces())


def refuse_other_sources(code: Mapping[str, Any]) -> None:
    known = {"ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"}
    if unknown := sorted(set(code) - known):
        raise NotImplementedHere(f"lambda with Code.{unknown[0]}")


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except BROKEN_ZIP as error:
        raise AwsError(
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ) from error
    if through := _through_links(members):
        raise AwsError(
            "InvalidParameterValueException",
            f"Could not unzip uploaded file: {through} is also a symbolic link in it, or leads through one.",
        )
    if sum(member.file_size for member in members) > LARGEST_UNPACKED_BYTES:
        raise AwsError(
            "InvalidParameterValueException", f"Unzipped size must be smaller than {LARGEST_UNPACKED_BYTES} bytes"
        )


def _through_links(members: Sequence[zipfile.ZipInfo]) -> str:
    """A member that would be written where a link of the same archive leads, which may be anywhere on this machine."""
    links = [_parts(member) for member in members if _is_link(member)]
    known = set(links)
    for member in members:
        parts = _parts(member)
        is_below = any(parts[:length] in known for length in range(1, len(parts)))
        if is_below or not parts or (parts in known and not (_is_link(member) and links.count(parts) == 1)):
            return member.filename
    return ""


def unpack(archive: zipfile.ZipFile, target: Path) -> None:
    """With the permissions that the members have, all inside the folder. Raises ActionFailed where it cannot be, and leaves nothing."""
    target.mkdir(mode=0o755)
    try:
        _extract(archive, target)
    except (*BROKEN_ZIP, OSError) as error:
        shutil.rmtree(target)
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise ActionFailed(f"The code cannot be unzipped: {error}", "InvalidZipFileException") from error


def _extract(archive: zipfile.ZipFile, target: Path) -> None:
    """Links come last: whatever they lead to, no file is written through them."""
    for member in archive.infolist():
        if _is_link(member):
            continue
        mode = member.external_attr >> 16
        path = Path(archive.extract(member, target))
        path.chmod((mode & 0o777 | 0o444) if mode and not member.is_dir() else (0o755 if member.is_dir() else 0o644))
    for member in filter(_is_link, archive.infolist()):
        link = target.joinpath(*_parts(member))
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(archive.read(member).decode())


def _is_link(member: zipfile.ZipInfo) -> bool:
    return (member.external_attr >> 16) & 0o170000 == SYMBOLIC_LINK


def _parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Where zipfile puts a member, whatever its name says."""
    return tuple(part for part in member.filename.split("/") if part not in ("", ".", ".."))
