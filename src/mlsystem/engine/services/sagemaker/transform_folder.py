"""Where the files of a transform job are, and what its client is told.

Inputs and outputs are numbered: keys of S3 need not be paths of files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mlsystem.engine.runtime import batch_client
from mlsystem.engine.runtime.batch_client.config import Config, Result, Source, read_result, write_config
from mlsystem.engine.runtime.interpreter import package_command
from mlsystem.engine.runtime.process import Log, Mount, ProcessSpec
from mlsystem.engine.runtime.s3_files import S3Files
from mlsystem.engine.services.sagemaker.s3_input import find_inputs, read_inputs, write_inputs
from mlsystem.engine.services.sagemaker.transform_job import CLIENT, TransformJob
from mlsystem.engine.store.folder import DataFolder

# Inside the client's sandbox.
FOLDER, SOCKET, PROGRAM = Path("/run/transform"), Path("/run/container.sock"), Path("/var/runtime/batch_client")
DEFAULT_TIMEOUT_SECONDS = 600
DEFAULT_RETRIES = 3
STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
CLIENT_GRACE_SECONDS = 1.0


class TransformFolder:
    """The folder of one job below the data folder."""

    def __init__(self, data: DataFolder, job: TransformJob):
        self._data = data
        self._job = job
        self.root = data.work / "jobs" / job.process_id

    @property
    def socket(self) -> Path:
        """Short, as the kernel wants it."""
        digest = hashlib.blake2s(self._job.process_id.encode(), digest_size=6).hexdigest()
        return self._data.sockets / f"{digest}-t.sock"

    def log_path(self, program: str) -> Path:
        return self._data.root / "logs" / f"{self._job.id_of(program)}.log"

    def log_stream(self, program: str) -> str:
        """SageMaker's names: the container's own log, and the data log beside it."""
        instance = hashlib.sha256(self._job.process_id.encode()).hexdigest()[:17]
        stream = f"{self._job.key}/i-{instance}-{int(self._job.created_at)}"
        return f"{stream}/data-log" if program == CLIENT else stream

    # ------------------------------------------------------------------ staging and uploading
    def stage(self, files: S3Files) -> None:
        """Download the inputs into the empty folder."""
        for name in ("inputs", "outputs"):
            (self.root / name).mkdir()
        inputs = find_inputs(
            self._job.request["TransformInput"]["DataSource"]["S3DataSource"], files, self.root / "manifest"
        )
        for number, one in enumerate(inputs):
            files.fetch(one.bucket, one.key, self.root / "inputs" / str(number))
        write_inputs(self.root / "inputs.json", inputs)

    def upload(self, files: S3Files) -> None:
        """The outputs that are whole."""
        output = self._job.request["TransformOutput"]
        for number, one in enumerate(read_inputs(self.root / "inputs.json")):
            whole = self.root / "outputs" / str(number)
            if whole.exists():
                uri = f"{output['S3OutputPath'].rstrip('/')}/{one.path}.out"
                files.upload(whole, uri, output.get("KmsKeyId"))

    # ------------------------------------------------------------------ the client
    def client(self) -> ProcessSpec:
        """The client, whose configuration is written down."""
        write_config(self.root / "config.json", self._config())
        return ProcessSpec(
            id=self._job.id_of(CLIENT),
            argv=package_command(None, PROGRAM, str(FOLDER / "config.json")),
            log=Log(self.log_path(CLIENT)),
            environment={"PYTHONDONTWRITEBYTECODE": "1"},
            mounts=(
                Mount(Path(batch_client.__file__).parent, str(PROGRAM)),
                Mount(self.root, str(FOLDER), read_only=False),
                Mount(self.socket, str(SOCKET)),
            ),
            stop_grace_seconds=CLIENT_GRACE_SECONDS,
        )

    def result(self) -> Result | None:
        return read_result(self.root / "result.json")

    def _config(self) -> Config:
        request = self._job.request
        source, output = request["TransformInput"], request["TransformOutput"]
        processing, calls = request.get("DataProcessing", {}), request.get("ModelClientConfig", {})
        return Config(
            socket=str(SOCKET),
            result=str(FOLDER / "result.json"),
            sources=self._sources(),
            content_type=source.get("ContentType", ""),
            accept=output.get("Accept", ""),
            is_gzip=source.get("CompressionType") == "Gzip",
            is_split=source.get("SplitType") == "Line",
            is_assembled_by_line=output.get("AssembleWith") == "Line",
            strategy=STRATEGIES.get(request.get("BatchStrategy", "")),
            max_concurrent=request.get("MaxConcurrentTransforms") or None,
            max_payload_mb=request.get("MaxPayloadInMB"),
            timeout_seconds=float(calls.get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT_SECONDS)),
            max_retries=calls.get("InvocationsMaxRetries", DEFAULT_RETRIES),
            input_filter=processing.get("InputFilter") or "$",
            output_filter=processing.get("OutputFilter") or "$",
            is_joined=processing.get("JoinSource") == "Input",
        )

    def _sources(self) -> list[Source]:
        return [
            Source(one.name, str(FOLDER / "inputs" / str(number)), str(FOLDER / "outputs" / str(number)))
            for number, one in enumerate(read_inputs(self.root / "inputs.json"))
        ]


def container_environment(request: dict[str, Any]) -> dict[str, str]:
    """What the container is told of the job: the last three only where the caller gave them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    given = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": STRATEGIES.get(request.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms") or None,
    }
    told = {name: str(value) for name, value in given.items() if value is not None}
    return {"SAGEMAKER_BATCH": "true", **told, **request.get("Environment", {})}
