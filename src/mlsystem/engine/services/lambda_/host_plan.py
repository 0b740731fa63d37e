"""What the process of a host is: its sandbox, and the configuration that it reads. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""

from __future__ import annotations

import sys
import sysconfig
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.runtime import function_host
from mlsystem.engine.runtime.images import Image
from mlsystem.engine.runtime.interpreter import mounts_for_interpreter, package_command
from mlsystem.engine.runtime.process import Log, Mount, ProcessSpec
from mlsystem.engine.runtime.workload import Machinery, door, find_image
from mlsystem.engine.services.lambda_ import file_systems
from mlsystem.engine.services.lambda_.code import CodeStore
from mlsystem.engine.services.lambda_.configuration import log_group
from mlsystem.engine.services.lambda_.directory import Runnable
from mlsystem.engine.services.lambda_.names import function_arn

OWNER = "function"
DEFAULT_WORKERS = 10
IDLE_SECONDS = 600.0
GRACE_SECONDS = 5.0
TASK_ROOT = "/var/task"
FOLDER, APIS, PROGRAM = "/run/function", "/run/apis", "/var/runtime/function_host"


class HostPlans:
    """Makes the plans of hosts. `folder` is the host's own, shared with the engine; `generation` names one process."""

    def __init__(self, house: House, machinery: Machinery, code: CodeStore):
        self._house = house
        self._machinery = machinery
        self._code = code

    @property
    def apis(self) -> Path:
        """Where the stages of REST APIs are written down for hosts."""
        return self._house.folder.sockets / "apis"

    def spec(self, run: Runnable, folder: Path, generation: str, log_path: Path) -> ProcessSpec:
        """Raises AwsError where the file systems or the image cannot be mounted."""
        self.apis.mkdir(exist_ok=True, mode=0o700)
        program = Path(function_host.__file__).parent
        files = self._image(run).files if run.code["package_type"] == "Image" else None
        code = (*mounts_for_interpreter(), Mount(self._code.folder(run.code), TASK_ROOT)) if files is None else ()
        return ProcessSpec(
            id=f"{OWNER}.{generation}",
            argv=package_command(files, Path(PROGRAM), FOLDER, APIS, generation),
            log=Log(log_path),
            environment={"PYTHONDONTWRITEBYTECODE": "1"},
            image=files,
            mounts=(
                *code,
                *file_systems.mounts(self._house, run.configuration),
                Mount(program, PROGRAM),
                Mount(folder, FOLDER, read_only=False),
                Mount(self.apis, APIS),
                *self._machinery.credentials.mounts(),
            ),
            outbound=(door(self._house, run.configuration["Role"]),),
            stop_grace_seconds=float(run.configuration["Timeout"]) + GRACE_SECONDS,
        )

    def config(self, run: Runnable, stream: str) -> dict[str, Any]:
        """What the host reads; `function_host.config` says what it means."""
        argv, working_directory, environment = self._program(run)
        configuration = run.configuration
        reserved = run.reserved_concurrency
        return {
            "function": run.name,
            "version": run.version,
            "arn": function_arn(self._house.scope, run.name),
            "account": self._house.scope.account,
            "timeout_seconds": float(configuration["Timeout"]),
            "memory_mb": configuration["MemorySize"],
            "max_workers": DEFAULT_WORKERS if reserved is None else reserved,
            "is_reserved": reserved is not None,
            "has_json_log": _log_format(configuration) == "JSON",
            "idle_seconds": IDLE_SECONDS,
            "argv": argv,
            "working_directory": working_directory,
            "environment": {
                **environment,
                **self._lambda_environment(run, stream),
                **configuration.get("Environment", {}).get("Variables", {}),
            },
        }

    def stream(self, version: str, generation: str) -> str:
        """The name of a host's log stream."""
        return f"{datetime.fromtimestamp(self._house.clock.now(), UTC):%Y/%m/%d}/[{version}]{generation}"

    # ------------------------------------------------------------------ inner
    def _image(self, run: Runnable) -> Image:
        try:
            return find_image(self._house, self._machinery.images, run.code["resolved_uri"])
        except ActionFailed as failure:
            raise AwsError("InvalidImage", failure.reason, status=502) from failure

    def _program(self, run: Runnable) -> tuple[list[str], str, dict[str, str]]:
        """The runtime's command, working directory and environment."""
        if run.code["package_type"] == "Image":
            image, own = self._image(run), run.configuration.get("ImageConfig", {})
            argv = [*(own.get("EntryPoint") or image.entrypoint), *(own.get("Command") or image.command)]
            return argv, own.get("WorkingDirectory") or image.working_directory, {"HOME": "/root", **image.environment}
        handler = run.configuration["Handler"]
        path = f"{sysconfig.get_path('scripts')}:/usr/local/bin:/usr/bin:/bin"
        environment = {"PATH": path, "HOME": "/tmp", "_HANDLER": handler, "PYTHONUNBUFFERED": "1"}  # noqa: S108
        return [sys.executable, "-m", "awslambdaric", handler], TASK_ROOT, environment

    def _lambda_environment(self, run: Runnable, stream: str) -> dict[str, str]:
        configuration = run.configuration
        logging = configuration.get("LoggingConfig", {})
        found = {
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": TASK_ROOT,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_FUNCTION_NAME": run.name,
            "AWS_LAMBDA_FUNCTION_VERSION": run.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group(run.name, configuration),
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": _log_format(configuration),
        }
        if "ApplicationLogLevel" in logging:
            found["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
        if "Runtime" in configuration:
            found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{configuration['Runtime']}"
        return found


def _log_format(configuration: Any) -> str:
    return str(configuration.get("LoggingConfig", {}).get("LogFormat", "Text"))
