"""Small images for tests, pushed through ECR's own API as Docker clients push them."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.live import LiveEngine


def push_image(
    engine: LiveEngine,
    repository: str,
    files: Mapping[str, str | bytes],
    environment: Mapping[str, str] | None = None,
    entrypoint: Sequence[str] = (),
    command: Sequence[str] = (),
    mode: int = 0o755,
) -> str:
    """An image of these files (path in the container: content, executable unless `mode` says otherwise), as its URI."""
    ecr = engine.client("ecr")
    created = ecr.create_repository(repositoryName=repository)["repository"]
    python = Path(sys.executable).resolve().parent
    path = f"/opt/program:{python}:/usr/local/bin:/usr/bin:/bin"
    env = {"PATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})}
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": [f"{name}={value}" for name, value in env.items()],
            "Entrypoint": list(entrypoint) or None,
            "Cmd": list(command) or None,
            "WorkingDir": "/opt/program",
        },
    }
    blobs = [json.dumps(config).encode(), _layer(files, mode)]
    digests = [_push_blob(ecr, repository, blob) for blob in blobs]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digests[0],
            "size": len(blobs[0]),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digests[1], "size": len(blobs[1])}
        ],
    }
    ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag="latest")
    return f"{created['repositoryUri']}:latest"


def _push_blob(ecr: Any, repository: str, blob: bytes) -> str:
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
    )
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
    return digest


def _layer(files: Mapping[str, str | bytes], mode: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name.lstrip("/"))
            member.size = len(data)
            member.mode = mode
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()
