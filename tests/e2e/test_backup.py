"""A backup of a system that is busy, and the system that is made of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.command_line import run
from tests.finished import TIME_SCALE, system_on_copy
from tests.live import LiveEngine, eventually
from tests.small_project import NAME
from tests.system import ENDED, RUN_SECONDS, System

CHURN = "churn"
KEYS = 12


class Churn:
    """Writes objects, over one another, and removes some; and asks the API. All of it without a pause, in threads."""

    def __init__(self, system: System):
        self._system = system
        self._s3 = system.engine.client("s3")
        self._url = system.api_url()
        self._stop = threading.Event()
        self.rounds = 0
        self.refused: list[object] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        self._s3.create_bucket(Bucket=CHURN)
        threads = [threading.Thread(target=self._repeat, args=(what,)) for what in (self._write, self._ask)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: self.rounds > KEYS)
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _repeat(self, what: Any) -> None:
        while not self._stop.is_set():
            try:
                what()
            except (ClientError, BotoCoreError, OSError) as error:
                self.refused.append(error)

    def _write(self) -> None:
        key = f"key{self.rounds % KEYS}"
        self._s3.put_object(Bucket=CHURN, Key=key, Body=content(key, self.rounds))
        if self.rounds % 3 == 0:
            self._s3.delete_object(Bucket=CHURN, Key=key)
        self.rounds += 1

    def _ask(self) -> None:
        answer = self._system.ask(self._url)
        if answer.status != 200:
            self.refused.append(answer)


def content(key: str, number: int) -> bytes:
    return f"{key} {number} ".encode() * 20_000


def test_a_busy_system_is_copied_at_one_moment_and_goes_on_elsewhere(finished_state: Path, tmp_path: Path) -> None:
    file, second = tmp_path / "monday.tar", tmp_path / "second"
    with system_on_copy(finished_state, tmp_path / "first") as system:
        waiting = system.upload()
        token = system.waits(waiting)
        churn = Churn(system)
        with churn.running():
            later = system.upload(auc="0.91")
            made = run("--json", "backup", str(file), home=system.engine.folder)
            assert made.returncode == 0, made.stderr
            assert system.status(later) == "InProgress", "it went on while the backup was made"
            rounds = churn.rounds
            eventually(lambda: churn.rounds > rounds)
        assert churn.refused == []
        assert not (system.engine.folder / "backup").exists()
        told = json.loads(made.stdout)
        assert (told["file"], told["key"], told["changing"]) == (str(file), f"{file}.key", [])
    restored = run("restore", str(file), home=second)
    assert restored.returncode == 0, restored.stderr
    try:
        up = run("--json", "up", "--port", "0", "--time-scale", str(TIME_SCALE), home=second)
        assert up.returncode == 0, up.stderr
        assert json.loads(up.stdout)["restored"] is True, "endpoints and functions are in service again"
        live = LiveEngine(second)
        live.url = json.loads(up.stdout)["url"]
        copy = System(live)
        assert copy.ask(copy.api_url()).status == 200
        _check_objects(live)
        assert copy.waits(waiting) == token
        copy.to_production(waiting)
        assert copy.ask(copy.api_url()).body == "0.9\n"
        eventually(lambda: _rests(copy, later), timeout=RUN_SECONDS)
        verified = run("audit", "verify", home=second)
        assert verified.returncode == 0, verified.stderr
        branch = live.client("codecommit").get_branch(repositoryName=NAME, branchName="main")["branch"]
        assert live.client("codecommit").get_commit(repositoryName=NAME, commitId=branch["commitId"])
    finally:
        run("down", home=second)


def _rests(system: System, execution: str) -> bool:
    """It has ended, as its build or job was lost; or nothing of it ran just then, and it asks a person, too."""
    stages = system.pipeline.get_pipeline_state(name=NAME)["stageStates"]
    asking = next(stage for stage in stages if stage["stageName"] == "DeployDev")
    is_inside = asking.get("latestExecution", {}).get("pipelineExecutionId") == execution
    return is_inside or system.status(execution) in ENDED


def _check_objects(live: LiveEngine) -> None:
    """Every object can be read whole, and those that were written and removed all the time are each of one moment."""
    s3 = live.client("s3")
    count = 0
    for bucket in s3.list_buckets()["Buckets"]:
        for found in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = s3.get_object(Bucket=bucket["Name"], Key=found["Key"])["Body"].read()
            assert len(body) == found["Size"], "its chunks are authenticated, each in its place"
            if bucket["Name"] == CHURN:
                key, number, _ = body.split(b" ", 2)
                assert body == content(found["Key"], int(number))
                assert key.decode() == found["Key"]
            count += 1
    assert count > KEYS
