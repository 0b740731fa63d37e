"""Machines that lack something: without the system's OpenMP library images bring their own, without sandboxes a person is told."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsystem.client.images.builders import STORE_VARIABLE
from mlsystem.client.images.layout import ImageLayout
from tests.e2e.built_images import ROOT, built, push_built
from tests.live import LiveEngine, eventually
from tests.roles import role

SONAME = "libgomp.so.1"
IMAGE = "bare"
LOAD = f"import ctypes; ctypes.CDLL('{SONAME}')"
PLACES = f"{{line.split()[-1] for line in open('/proc/self/maps') if '{SONAME}' in line}}"
# Line by line: SageMaker takes no argument of more than 256 characters.
RUN = "import sys; exec('\\n'.join(sys.argv[1:]))"
TRAIN = [
    "import lightgbm, numpy",
    "rows = numpy.arange(200.0).reshape(100, 2)",
    "data = lightgbm.Dataset(rows, rows[:, 0] > 100)",
    "lightgbm.train({'objective': 'binary', 'num_threads': 2}, data, 2)",
    f"open('/opt/ml/output/message', 'w').write(' '.join({PLACES}))",
]
# The loader passes over a library that was made for another processor, as if it were not there.
FOREIGN = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 8, 1) + bytes(200)
HIDE = 'hidden=$1; shift; for place in "$@"; do shift; [ "$place" = -- ] && break; mount --bind "$hidden" "$place"; done; exec "$@"'

# As where AppArmor grants a plain user no name space.
REFUSE = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that runs another one where the loader finds no OpenMP library."""
    foreign = tmp_path_factory.mktemp("bare") / SONAME
    foreign.write_bytes(FOREIGN)
    found = subprocess.run(
        [sys.executable, "-c", f"{LOAD}; print(*{PLACES})"], capture_output=True, text=True, check=False
    )
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", "--mount", *user, "sh", "-ec", HIDE, "hide", str(foreign), *set(found.stdout.split()), "--"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("not run: this machine lets nobody hide a file")
    assert subprocess.run([*command, sys.executable, "-c", LOAD], capture_output=True, check=False).returncode == 1
    return command


@pytest.fixture
def bare_engine(bare: list[str], new_engine: Callable[..., LiveEngine], tmp_path: Path) -> LiveEngine:
    """An engine on such a machine; the images that tests share have one more, built there."""
    folder = built()
    if ImageLayout(folder).find(IMAGE) is None:
        (tmp_path / "Dockerfile").write_text("FROM container\nRUN apt-get update && apt-get install -y libgomp1\n")
        build = [sys.executable, "-m", "mlsystem.client.images.docker", "build", "--tag", IMAGE, str(tmp_path)]
        subprocess.run([*bare, *build], env={**os.environ, STORE_VARIABLE: str(folder)}, check=True)
    engine = new_engine(within=bare)
    engine.start()
    return engine


def test_an_image_built_on_a_machine_without_openmp_trains_with_lightgbm_there(bare_engine: LiveEngine) -> None:
    sagemaker = bare_engine.client("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName=IMAGE,
        RoleArn=role(bare_engine, "trainer"),
        AppSpecification={
            "ImageUri": push_built(bare_engine, IMAGE),
            "ContainerEntrypoint": ["python3", "-c", RUN],
            "ContainerArguments": TRAIN,
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    def ended() -> Any:
        job = sagemaker.describe_processing_job(ProcessingJobName=IMAGE)
        return job if job["ProcessingJobStatus"] not in ("InProgress", "Stopping") else None

    job = eventually(ended)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == f"/usr/lib/{SONAME}", "out of the image"


def test_on_a_machine_without_sandboxes_the_demo_says_at_once_what_to_do(tmp_path: Path) -> None:
    refuse = ["unshare", "--user", "--map-root-user", "sh", "-ec", REFUSE, "refuse"]
    if subprocess.run([*refuse, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("not run: this machine lets nobody take name spaces away")
    demo = [
        sys.executable,
        str(ROOT / "examples" / "flights" / "demo.py"),
        "--home",
        str(tmp_path / "home"),
        "--port",
        "0",
    ]
    done = subprocess.run([*refuse, *demo], capture_output=True, text=True, check=False, timeout=300)
    words = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "The demo failed: No sandbox: programs run on the bare machine" in words
    assert "user namespaces" in words
    assert LiveEngine(tmp_path / "home").living_processes() == []
