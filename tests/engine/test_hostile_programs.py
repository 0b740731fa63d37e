"""Programs that want what they may not have: each is refused by its sandbox, and nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.runtime.shim.record import lock_holder
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role

PRYING = """#!/usr/bin/env python3
import json, os, pathlib, socket
told = {}
def tried(name, attempt):
    try:
        told[name] = repr(attempt())[:200]
    except Exception as error:
        told[name] = type(error).__name__
environment = json.loads(pathlib.Path("/opt/ml/input/config/hyperparameters.json").read_text())
tried("home", lambda: os.listdir(environment["home"]))
tried("engine", lambda: os.listdir(environment["engine"]))
tried("shadow", lambda: pathlib.Path("/etc/shadow").read_text())
for place in ("/usr/x", "/etc/x", "/opt/program/train", "/x", "/sys/x", "/proc/sys/kernel/hostname"):
    tried("write " + place, lambda: pathlib.Path(place).write_text("x"))
tried("kill", lambda: os.kill(int(environment["pid"]), 0))
tried("machine", lambda: socket.create_connection(("127.0.0.1", int(environment["port"])), 5))
tried("world", lambda: socket.create_connection(("192.0.2.1", 80), 5))
tried("processes", lambda: sorted(int(name) for name in os.listdir("/proc") if name.isdigit())[-1] < 50)
tried("keys", lambda: sorted(name for name in os.environ if name.startswith("AWS_")))
pathlib.Path("/opt/ml/model/told.json").write_text(json.dumps(told))
print(json.dumps(told))
"""

GREEDY = """#!/usr/bin/env python3
print("holds", flush=True)
hold = []
for _ in range(12 * 16):
    hold.append(bytearray(b"x") * (64 * 2**20))
print("held all of it", flush=True)
"""

CLINGING = """#!/usr/bin/env python3
import os, signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["setsid", "-f", sys.executable, "-c", "import time\\nwhile True: time.sleep(1)", "clinging-child"])
print("clings", flush=True)
while True:
    time.sleep(1)
"""


class Jobs:
    """Training jobs of a program that is given as its text."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.bucket = f"hostile-{uuid.uuid4().hex[:8]}"
        self.sagemaker = engine.client("sagemaker")
        engine.client("s3").create_bucket(Bucket=self.bucket)

    def start(self, program: str, isolated: bool = False, instance: str = "ml.m5.large", **parameters: str) -> str:
        name = f"hostile-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=role(self.engine, "trainer"),
            AlgorithmSpecification={
                "TrainingImage": push_image(self.engine, name, {"/opt/program/train": program}),
                "TrainingInputMode": "File",
            },
            HyperParameters=parameters,
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/out"},
            ResourceConfig={"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            EnableNetworkIsolation=isolated,
        )
        return name

    def ended(self, name: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return dict(eventually(ended))

    def said(self, name: str) -> list[str]:
        events = self.engine.client("logs").filter_log_events(
            logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
        )["events"]
        return [str(event["message"]) for event in events]


@pytest.fixture(scope="module")
def jobs(engine: LiveEngine) -> Jobs:
    return Jobs(engine)


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "with-the-door"])
def test_a_job_sees_and_changes_nothing_that_is_not_its_own(jobs: Jobs, isolated: bool) -> None:
    engine = jobs.engine
    assert engine.process is not None
    name = jobs.start(
        PRYING,
        isolated,
        home=str(Path.home()),
        engine=str(engine.folder),
        pid=str(engine.process.pid),
        port=engine.url.rsplit(":", 1)[1],
    )
    job = jobs.ended(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    told = json.loads(eventually(lambda: jobs.said(name))[-1])
    # Of the person's folder at most what leads to the engine's own Python, and a file of nothing where the passwords are.
    assert told.pop("home") in ("[]", "FileNotFoundError", "PermissionError", str([_beginning_of_python()]))
    assert told.pop("shadow") in ("''", "PermissionError")
    # The engine's door answers on its port, but not to a program that is isolated.
    machine, keys = told.pop("machine"), told.pop("keys")
    assert machine.startswith("<socket") is not isolated
    assert (keys == "[]") is isolated
    assert told.pop("processes") == "True"
    assert told.pop("world") in ("OSError", "ConnectionRefusedError")
    assert set(told.values()) <= {"OSError", "PermissionError", "FileNotFoundError", "ProcessLookupError"}, json.dumps(
        told
    )


def test_a_job_that_takes_three_times_its_memory_is_ended_and_says_so(jobs: Jobs) -> None:
    job = jobs.ended(jobs.start(GREEDY, instance="ml.t3.medium"))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "ClientError: Please use an instance type with more memory than ml.t3.medium, or reduce the size of the data: "
        "it held more than 4096 MiB of memory and was ended"
    )
    assert "held all of it" not in jobs.said(job["TrainingJobName"])


def test_a_job_does_not_outlive_its_shim(jobs: Jobs) -> None:
    name = jobs.start(CLINGING)
    eventually(lambda: "clings" in jobs.said(name))
    [lock] = jobs.engine.folder.glob(f"processes/training-job.{name}.*/lock")
    children = _with_words("clinging-child")
    assert children
    pid = lock_holder(str(lock))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    job = jobs.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError: ")
    eventually(lambda: not set(children) & set(_with_words("clinging-child")))


def _beginning_of_python() -> str:
    prefix = Path(sys.base_prefix)
    return prefix.relative_to(Path.home()).parts[0] if prefix.is_relative_to(Path.home()) else ""


def _with_words(words: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
