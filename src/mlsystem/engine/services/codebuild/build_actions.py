"""Does in the world what the build machine decided: sources in, the buildspec, artifacts out. Every action may be repeated."""

from __future__ import annotations

import json
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import mlsystem
from mlsystem.archives import BROKEN_ZIP
from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.errors import InvalidProcess, SandboxUnavailable
from mlsystem.engine.runtime.interpreter import mounts_for_interpreter
from mlsystem.engine.runtime.process import Exited, Log, Mount, ProcessSpec
from mlsystem.engine.runtime.program_files import paths_below, remove_folder
from mlsystem.engine.runtime.s3_files import OpenFile, S3Files, own_folder, split_uri
from mlsystem.engine.runtime.workload import Machinery, log_closed, log_opened
from mlsystem.engine.services.codebuild.build import BuildMachine, BuildRecord, Phase

PROGRAM = Path(__file__).with_name("buildspec_program.py")
STOP_GRACE_SECONDS = 10.0
OWNER = "build"
# `docker` of a build: this project's builder of images. `aws` comes with the engine's environment.
DOCKER = '#!/bin/sh\nexec {python} -m mlsystem.client.images.docker "$@"\n'
AWS = '#!/bin/sh\nexec {python} -m awscli "$@"\n'


class BuildActions(Part):
    """The build's folder is /codebuild inside: `src`, `secondary/<identifier>`, `control`."""

    def __init__(self, house: House, machinery: Machinery, machine: BuildMachine):
        self._house = house
        self._machinery = machinery
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {
            "codebuild.stage_sources": self._stage,
            "codebuild.start_process": self._start,
            "codebuild.stop_process": self._stop,
            "codebuild.upload_artifacts": self._upload,
            "codebuild.clear_folder": self._clear,
        }

    def start(self) -> None:
        self._machinery.exits.subscribe(OWNER, self._on_exit)

    # ------------------------------------------------------------------ actions
    def _stage(self, call: ActionCall) -> Event:
        build = self._build(call)
        folder = self._folder(build)
        remove_folder(folder)
        (folder / "control" / "artifacts").mkdir(parents=True)
        (folder / "src").mkdir()
        files = self._files(build)
        self._fetch(build.plan["source"], folder / "src", files)
        for source in build.plan.get("secondarySources", ()):
            self._fetch(source, folder / "secondary" / source["sourceIdentifier"], files)
        spec = {"buildspec": build.plan["source"].get("buildspec", "")}
        (folder / "control" / "build.json").write_text(json.dumps(spec))
        self._write_tools(folder / "bin")
        return Event("staged")

    def _fetch(self, source: Mapping[str, Any], target: Path, files: S3Files) -> None:
        target.mkdir(parents=True, exist_ok=True)
        if source["type"] == "NO_SOURCE":
            return
        if source["type"] == "CODEPIPELINE":
            raise ActionFailed("a project with the source CODEPIPELINE is started by a pipeline only", "INVALID_INPUT")
        bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
        archive = target.with_suffix(".zip")
        files.fetch(bucket, key, archive)
        try:
            with zipfile.ZipFile(archive) as content:
                _unzip(content, target)
        except BROKEN_ZIP as error:
            raise ActionFailed(f"the source s3://{bucket}/{key} is not a ZIP file", "CLIENT_ERROR") from error
        archive.unlink()

    def _write_tools(self, folder: Path) -> None:
        folder.mkdir()
        for name, text in (("docker", DOCKER), ("aws", AWS)):
            tool = folder / name
            tool.write_text(text.format(python=sys.executable))
            tool.chmod(0o755)

    def _start(self, call: ActionCall) -> None:
        build = self._build(call)
        spec = self._spec(build)
        with self._house.database.transaction() as tx:
            stream = build.key.split(":")[1]
            opened = log_opened(f"/aws/codebuild/{build.parent}", stream, spec.log.path)
            self._house.worker.notify(tx, build.kind, build.key, opened)
        try:
            self._machinery.runner.start(spec)
        except (InvalidProcess, SandboxUnavailable) as error:
            raise ActionFailed(str(error)) from error

    def _stop(self, call: ActionCall) -> None:
        self._machinery.runner.stop(self._build(call).process_id, "StopBuild was called")

    def _upload(self, call: ActionCall) -> Event:
        build = self._build(call)
        folder, files = self._folder(build), self._files(build)
        primary = build.plan["artifacts"]
        location = self._upload_one(primary, folder / "control" / "artifacts" / "primary", files, build)
        for artifact in build.plan.get("secondaryArtifacts", ()):
            self._upload_one(artifact, folder / "control" / "artifacts" / artifact["artifactIdentifier"], files, build)
        return Event("uploaded", {"artifacts": {"location": location} if location else {}})

    def _upload_one(self, artifact: Mapping[str, Any], folder: Path, files: S3Files, build: BuildRecord) -> str:
        if artifact["type"] != "S3":
            return ""
        if not folder.is_dir():
            raise ActionFailed("the buildspec names no artifacts, and the build is to upload some", "CLIENT_ERROR")
        own_folder(folder, self._folder(build))
        name = artifact.get("name") or build.parent
        path = "/".join(part.strip("/") for part in (artifact.get("path", ""), name) if part.strip("/"))
        uri = f"s3://{artifact['location']}/{path}"
        with TemporaryFile(dir=self._house.folder.work) as archive:  # what the build may write could be a link
            zip_folder(folder, archive)
            archive.seek(0)
            files.upload(OpenFile(archive), uri, build.plan.get("encryptionKey"))
        bucket, key = split_uri(uri)
        return f"arn:aws:s3:::{bucket}/{key}"

    def _clear(self, call: ActionCall) -> None:
        build = self._build(call)
        with self._house.database.transaction() as tx:
            self._house.worker.notify(tx, build.kind, build.key, log_closed(self._log_path(build)))
        self._machinery.runner.forget(build.process_id)
        remove_folder(self._folder(build))

    # ------------------------------------------------------------------ the end of the program
    def _on_exit(self, process_id: str, how: Exited) -> None:
        key = process_id.removeprefix(f"{OWNER}.").replace(".", ":", 1)
        with self._house.database.transaction() as tx:
            build = tx.get(BuildRecord, key)
            if build is None or build.phase is not Phase.RUNNING:
                return
            control = self._folder(build) / "control"
            data = {
                "reason": how.reason,
                "exit_code": how.exit_code,
                "phases": _read_list(control / "phases.json"),
                "exported": _read_list(control / "exported.json"),
            }
            self._house.worker.send(tx, BuildRecord, key, Event("exited", data))

    # ------------------------------------------------------------------ the process
    def _spec(self, build: BuildRecord) -> ProcessSpec:
        folder = self._folder(build)
        cache = self._house.folder.root / "cache"
        cache.mkdir(exist_ok=True, mode=0o700)
        package = Path(mlsystem.__file__).parent
        return ProcessSpec(
            id=build.process_id,
            argv=(sys.executable, str(PROGRAM), "/codebuild/control"),
            log=Log(self._log_path(build)),
            environment=self._environment(build),
            working_directory="/codebuild/src",
            mounts=(
                *mounts_for_interpreter(),
                Mount(package, str(package)),
                Mount(folder, "/codebuild", read_only=False),
                Mount(cache, "/var/cache/mlsystem", read_only=False),
                *self._machinery.credentials.mounts(),
            ),
            # A build fetches packages; its way to the engine is the machine's own network too.
            network="host",
            time_limit_seconds=_time_limit(build),
            stop_grace_seconds=STOP_GRACE_SECONDS,
        )

    def _environment(self, build: BuildRecord) -> dict[str, str]:
        scripts = sysconfig.get_path("scripts")
        secondary = {
            f"CODEBUILD_SRC_DIR_{source['sourceIdentifier']}": f"/codebuild/secondary/{source['sourceIdentifier']}"
            for source in build.plan.get("secondarySources", ())
        }
        return {
            "PATH": f"/codebuild/bin:{scripts}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "UV_CACHE_DIR": "/var/cache/mlsystem/uv",
            **_package_settings(),
            "CODEBUILD_BUILD_ID": build.key,
            "CODEBUILD_BUILD_ARN": self._house.scope.arn("codebuild", f"build/{build.key}"),
            "CODEBUILD_BUILD_NUMBER": str(build.number),
            "CODEBUILD_INITIATOR": build.initiator,
            "CODEBUILD_SRC_DIR": "/codebuild/src",
            "CODEBUILD_START_TIME": str(int(build.created_at * 1000)),
            "CODEBUILD_RESOLVED_SOURCE_VERSION": build.plan.get("sourceVersion", ""),
            **secondary,
            **self._machinery.credentials.host_environment(
                build.process_id, build.plan["serviceRole"], build.key.replace(":", "-"), _time_limit(build)
            ),
            **self._variables(build),
        }

    def _variables(self, build: BuildRecord) -> dict[str, str]:
        """The build's own, with those that stand for a secret resolved as the build's role."""
        principal = self._house.session_of(build.plan["serviceRole"], build.key.replace(":", "-"), "codebuild")
        variables = {}
        for item in build.plan["environment"].get("environmentVariables", ()):
            value = item["value"]
            if item.get("type") == "SECRETS_MANAGER":
                try:
                    answer = self._house.call(
                        "secretsmanager", "GetSecretValue", {"SecretId": value.split(":")[0]}, principal
                    )
                except AwsError as error:
                    raise ActionFailed(f"the variable {item['name']}: {error.message}", error.code) from error
                value = answer["SecretString"]
            elif item.get("type", "PLAINTEXT") != "PLAINTEXT":
                raise ActionFailed(
                    f"the variable {item['name']} is of type {item['type']}, which is not implemented here"
                )
            variables[item["name"]] = value
        return variables

    def _build(self, call: ActionCall) -> BuildRecord:
        with self._house.database.reading() as tx:
            build = tx.get(BuildRecord, call.owner_key)
        if build is None:
            raise ActionFailed(f"the build {call.owner_key} was deleted")
        return build

    def _files(self, build: BuildRecord) -> S3Files:
        principal = self._house.session_of(build.plan["serviceRole"], build.key.replace(":", "-"), "codebuild")
        return S3Files(self._house.call, principal)

    def _folder(self, build: BuildRecord) -> Path:
        return self._house.folder.work / "builds" / build.key.split(":")[1]

    def _log_path(self, build: BuildRecord) -> Path:
        return self._house.folder.root / "logs" / f"{build.process_id}.log"


def _time_limit(build: BuildRecord) -> float:
    """In seconds."""
    return float(build.plan.get("timeoutInMinutes", 60)) * 60


def _package_settings() -> dict[str, str]:
    """Where this machine's package installers are set up to look; a build installs from the same places."""
    import os

    prefixes = (
        "PIP_",
        "UV_",
        "SSL_CERT",
        "REQUESTS_CA",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    )
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def _unzip(content: zipfile.ZipFile, target: Path) -> None:
    """With the modes that Git put there; zipfile itself drops them."""
    for item in content.infolist():
        path = Path(content.extract(item, target))
        mode = (item.external_attr >> 16) & 0o777
        if mode and path.is_file():
            path.chmod(mode)


def zip_folder(folder: Path, archive: IO[bytes]) -> None:
    """Every file below the folder. Links that lead out of it are left."""
    root = folder.resolve()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for path in paths_below(folder):
            if path.is_file() and path.resolve().is_relative_to(root):
                content.write(path, path.relative_to(folder).as_posix())


def _read_list(path: Path) -> list[Any]:
    try:
        return list(json.loads(path.read_text()))
    except (OSError, ValueError):
        return []
