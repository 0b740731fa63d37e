"""Keys of programs: fetched the way AWS's SDKs do it, and fetched anew before they end."""

from __future__ import annotations

import importlib
import io
import json
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import CREDENTIALS_PATH
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving, archive

HOME = "keeper"
KEY_SECONDS = 2.0
# What botocore is made of, and the data that it needs for S3.
PACKAGES = ("botocore", "dateutil", "jmespath", "six", "urllib3")
DATA = ("endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json", "s3/")

# Outlives its first keys: uses S3, waits until those keys are refused to whoever signs with them, and uses S3 again.
OUTLIVE = """
import os, time
from botocore.exceptions import ClientError
from botocore.session import Session

mine = Session()
s3 = mine.create_client("s3")

def outlive():
    s3.list_objects_v2(Bucket="keeper")
    first = mine.get_credentials().get_frozen_credentials()
    fixed = Session().create_client("s3", aws_access_key_id=first.access_key,
        aws_secret_access_key=first.secret_key, aws_session_token=first.token)
    while True:
        try:
            fixed.list_objects_v2(Bucket="keeper")
        except ClientError as error:
            refused = error.response["Error"]["Code"]
            break
        time.sleep(0.1)
    found = s3.list_objects_v2(Bucket="keeper")["Contents"]
    then = mine.get_credentials().get_frozen_credentials()
    told = {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
    return {"first": first.access_key, "refused": refused, "then": then.access_key,
            "found": [one["Key"] for one in found], "told": told}
"""
TRAIN = """#!/usr/bin/env python3
import json, pathlib
from outlive import outlive
pathlib.Path("/opt/ml/model/keys.json").write_text(json.dumps(outlive()))
"""
SERVE = """#!/usr/bin/env python3
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from outlive import outlive
class Handler(BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        self.answer(json.dumps(outlive()).encode())
HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


def _botocore() -> dict[str, bytes]:
    files = {}
    for package in PACKAGES:
        origin = importlib.import_module(package).__file__
        assert origin is not None
        top = Path(origin)
        site = top.parent.parent if top.name == "__init__.py" else top.parent
        for path in sorted(top.parent.rglob("*") if top.name == "__init__.py" else [top]):
            name = path.relative_to(site).as_posix()
            is_data = name.startswith("botocore/data/")
            if path.is_file() and path.suffix != ".pyc" and (not is_data or name[14:].startswith(DATA)):
                files[f"/opt/program/{name}"] = path.read_bytes()
    return files


@pytest.fixture
def live(new_engine: Callable[..., LiveEngine]) -> LiveEngine:
    live = new_engine(options=("--workload-key-seconds", str(KEY_SECONDS)))
    live.start()
    live.client("s3").create_bucket(Bucket=HOME)
    live.client("s3").put_object(Bucket=HOME, Key="model.tar.gz", Body=archive("model"))
    programs = {"/opt/program/outlive.py": OUTLIVE, "/opt/program/train": TRAIN, "/opt/program/serve": SERVE}
    push_image(live, HOME, {**_botocore(), **programs}, environment={"PYTHONPATH": "/opt/program"})
    return live


def _train(live: LiveEngine) -> None:
    live.client("sagemaker").create_training_job(
        TrainingJobName="long",
        RoleArn=role(live, "server"),
        AlgorithmSpecification={"TrainingImage": Serving(live, HOME).image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{HOME}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def _what_the_job_found(live: LiveEngine) -> dict[str, Any]:
    def ended() -> Any:
        job = live.client("sagemaker").describe_training_job(TrainingJobName="long")
        return None if job["TrainingJobStatus"] == "InProgress" else job

    job = eventually(ended)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    packed = live.client("s3").get_object(Bucket=HOME, Key="out/long/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return dict(json.load(tar.extractfile("keys.json")))  # type: ignore[arg-type]


def _ask(url: str, token: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(url, headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_programs_outlive_their_first_keys_and_are_given_none_when_they_have_ended(live: LiveEngine) -> None:
    _train(live)
    serving = Serving(live, HOME)
    name = serving.endpoint(serving.simple_config())
    instance = json.loads(serving.invoke(name))
    job = _what_the_job_found(live)
    for found in (instance, job):
        assert found["refused"] in ("ExpiredToken", "InvalidClientTokenId")
        assert found["then"] != found["first"]
        assert "model.tar.gz" in found["found"]
        assert "AWS_ACCESS_KEY_ID" not in found["told"]
    url, token = (instance["told"][f"AWS_CONTAINER_{what}"] for what in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
    assert url == f"{live.url}{CREDENTIALS_PATH}"
    status, keys = _ask(url, token)
    assert (status, keys["RoleArn"]) == (200, role(live, "server"))
    assert _ask(url, token[:-4] + "AAA=")[0] == 403
    assert _ask(url, "")[0] == 403
    assert _ask(url, job["told"]["AWS_CONTAINER_AUTHORIZATION_TOKEN"])[0] == 403
