"""The contenders that are one command each, in two workers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.served import wire
from benchmarks.served.contender import WORKERS, Place, Program
from benchmarks.served.environments import PEERS
from benchmarks.served.workload import Workload

ROOT = Path(__file__).parents[2]
CODE = ROOT / "project" / "container" / "code"
ONE_ROW_PROGRAM = ROOT / "benchmarks" / "served" / "one_row.py"
HOST = "127.0.0.1"


def _python(place: Place, program: str, *arguments: object) -> list[object]:
    return [place.bin / "python", PEERS / program, *arguments]


def _granian(place: Place) -> list[object]:
    options = ["--interface", "rsgi", "--workers", WORKERS, "--http", "1", "--no-ws", "--loop", "uvloop", "--no-log"]
    return [place.bin / "granian", *options, "--host", HOST, "--port", place.port, "bare_server:app"]


def _uvicorn(place: Place) -> list[object]:
    options = ["--workers", WORKERS, "--no-access-log", "--log-level", "warning"]
    return [place.bin / "uvicorn", *options, "--host", HOST, "--port", place.port, "fastapi_server:app"]


def copied_program(folder: Path) -> Path:
    """The container program as it is, but that it looks for `ml` in the folder rather than for /opt/ml."""
    program = folder / "program"
    shutil.copytree(CODE, program, ignore=shutil.ignore_patterns("__pycache__"))
    contract = program / "utils.py"
    contract.write_text(contract.read_text().replace("/opt/ml", str(folder / "ml")))
    (folder / "ml").mkdir()
    return program


def program_with_model(folder: Path, workload: Workload) -> Path:
    """`copied_program`, with the model of the workload."""
    program = copied_program(folder)
    (folder / "ml" / "model").symlink_to(workload.folder)
    return program


def _container_files(place: Place) -> None:
    program_with_model(place.folder, place.workload)


def _container(place: Place) -> list[object]:
    return [place.bin / "python", place.folder / "program" / "serve"]


def _container_variables(place: Place) -> Mapping[str, object]:
    return {
        "PYTHONPATH": "",
        "MODEL_SERVER_BIND": f"{HOST}:{place.port}",
        "MODEL_SERVER_WORKERS": WORKERS,
        "OMP_WAIT_POLICY": "PASSIVE",
        "MODEL_SERVER_USER": "",
    }


def _sample_files(place: Place) -> None:
    # As root its workers would become somebody who may not reach Gunicorn's socket.
    user = "user root;" if os.geteuid() == 0 else ""
    words = {"{{FOLDER}}": str(place.folder), "{{PORT}}": str(place.port), "{{USER}}": user}
    text = (PEERS / "sample_nginx.conf").read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    (place.folder / "nginx.conf").write_text(text)


def _sample(place: Place) -> list[object]:
    """Both, as the published programs start them: whichever ends, the other is ended with this shell's process group."""
    gunicorn = f"{place.bin}/gunicorn --workers {WORKERS} --worker-class sync --bind unix:{place.folder}/gunicorn.sock"
    nginx = f"nginx -e stderr -c {place.folder}/nginx.conf"
    return ["sh", "-c", f"{gunicorn} --log-level warning sample_server:app & exec {nginx}"]


def _bentoml(place: Place) -> list[object]:
    options = ["--host", HOST, "--port", place.port, "--working-dir", PEERS]
    return [place.bin / "bentoml", "serve", "bentoml_server:Served", *options]


def _mlserver_files(place: Place) -> None:
    ports = f'"host": "{HOST}", "http_port": {place.port}, "grpc_port": 0, "metrics_port": 0'
    (place.folder / "settings.json").write_text(f'{{{ports}, "parallel_workers": {WORKERS}, "debug": false}}')
    (place.folder / "model-settings.json").write_text('{"name": "model", "implementation": "mlserver_server.Served"}')


def _mlflow_files(place: Place) -> None:
    command = [place.bin / "python", PEERS / "mlflow_save.py", place.folder / "saved"]
    model = {"BENCH_MODEL": str(place.workload.folder), "PYTHONPATH": str(PEERS)}
    subprocess.run(command, check=True, env={**os.environ, **model}, capture_output=True)


def _mlflow(place: Place) -> list[object]:
    served = ["models", "serve", "--model-uri", place.folder / "saved", "--env-manager", "local"]
    return [place.bin / "mlflow", *served, "--host", HOST, "--port", place.port, "--workers", WORKERS]


def _toolkit_variables(place: Place) -> Mapping[str, object]:
    return {
        "SAGEMAKER_BASE_DIR": place.folder / "ml",
        "SAGEMAKER_PROGRAM": "inference_toolkit_server.py",
        "SAGEMAKER_BIND_TO_PORT": place.port,
        "SAGEMAKER_MODEL_SERVER_WORKERS": WORKERS,
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": 60,
        "TEMP": place.folder,
        "TMPDIR": place.folder,
    }


def _toolkit_files(place: Place) -> None:
    (place.folder / "ml" / "model").mkdir(parents=True)


def _ray(place: Place) -> list[object]:
    return _python(place, "ray_serve_server.py", place.port, place.folder)


# On a busy machine its parts take longer to find each other than it waits.
RAY_VARIABLES = {"RAY_raylet_start_wait_time_s": 120, "RAY_USAGE_STATS_ENABLED": 0, "RAY_SERVE_LOG_TO_STDERR": 0}
HAPROXY_VARIABLES = {
    "RAY_SERVE_ENABLE_HA_PROXY": 1,
    "RAY_SERVE_EXPERIMENTAL_PIP_HAPROXY": 1,
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": 1,
}

BARE = Program("bare handler", PEERS / "bare.txt", _granian)
CONTAINER = Program(
    "our container, as behind our door",
    CODE / "requirements.txt",
    _container,
    variables=lambda place: {**_container_variables(place), "MODEL_SERVER_FRONT": "host"},
    prepare=_container_files,
)
CONTAINER_ON_AWS = Program(
    "our container, Nginx and Gunicorn",
    CODE / "requirements.txt",
    _container,
    variables=_container_variables,
    prepare=_container_files,
    needs=("nginx",),
)
FASTAPI = Program("FastAPI by hand", PEERS / "fastapi.txt", _uvicorn)
FRAMEWORKS = (
    Program("published sample's way", PEERS / "sample.txt", _sample, prepare=_sample_files, needs=("nginx",)),
    Program(
        "BentoML",
        PEERS / "bentoml.txt",
        _bentoml,
        wire=wire.PLAIN_TEXT,
        variables=lambda place: {"BENTOML_DO_NOT_TRACK": True, "BENTOML_HOME": place.folder},
    ),
    Program(
        "MLServer",
        PEERS / "mlserver.txt",
        lambda place: [place.bin / "mlserver", "start", place.folder],
        wire=wire.OPEN_INFERENCE,
        path="/v2/models/model/infer",
        prepare=_mlserver_files,
    ),
    Program(
        "LitServe",
        PEERS / "litserve.txt",
        lambda place: _python(place, "litserve_server.py", place.port),
        wire=wire.INSTANCES,
    ),
    Program("MLflow", PEERS / "mlflow.txt", _mlflow, wire=wire.CSV_WITH_HEADER, prepare=_mlflow_files),
    Program(
        "SageMaker inference toolkit",
        PEERS / "inference_toolkit.txt",
        lambda place: _python(place, "inference_toolkit_server.py", place.folder),
        wire=wire.CSV_TO_JSON,
        variables=_toolkit_variables,
        prepare=_toolkit_files,
        needs=("java",),
    ),
    Program("Ray Serve", PEERS / "ray_serve.txt", _ray, variables=lambda _: RAY_VARIABLES),
    Program(
        "Ray Serve with HAProxy",
        PEERS / "ray_serve.txt",
        _ray,
        variables=lambda _: {**RAY_VARIABLES, **HAPROXY_VARIABLES},
    ),
)
