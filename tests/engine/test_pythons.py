"""Each function runs under Lambda's own runtime client on every Python from 3.12 that the machine has, against the engine.

Lambda's Python is 3.13; a machine without it shows at least that no other one is needed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uv

from tests.aws.test_functions import zip_functions
from tests.lambda_service import SECONDS, LambdaService, http_server
from tests.live import LiveEngine
from tests.transforming import Transforms

# The versions that the templates' functions could be given; boto3 is Lambda's own, so no version is asked of it.
VERSIONS = ("3.12", "3.13", "3.14")
REQUIREMENTS = ("awslambdaric==4.2.2", "boto3")
FUNCTIONS = {name: (main, properties) for name, main, properties in zip_functions()}
EVENTS = Path(__file__).parents[1] / "unit" / "project"


def pythons() -> list[str]:
    """An interpreter of each of those versions, where there is one on the path or of pyenv's, else the one that runs this."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for version in VERSIONS:
        places = [shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
        found += [str(place) for place in places if place and _works(str(place))][:1]
    return found or [sys.executable]


def _works(python: str) -> bool:
    """Pyenv's stand-ins for what is not chosen do not."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def environment_of(python: str) -> Path:
    """The interpreter of an environment with the runtime client; made once for each content, outside of the repository."""
    content = "\n".join((python, *REQUIREMENTS))
    folder = Path.home() / ".cache" / "mlsystem-tests" / hashlib.sha256(content.encode()).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            tool = uv.find_uv_bin()
            subprocess.run([tool, "venv", "--quiet", "--clear", "--python", python, folder], check=True)
            target = ["--python", str(folder / "bin" / "python")]
            subprocess.run([tool, "pip", "install", "--quiet", *target, *REQUIREMENTS], check=True)
            (folder / ".complete").touch()
    return folder / "bin" / "python"


@contextmanager
def hosted(engine: LiveEngine, python: Path, name: str, **variables: str) -> Iterator[LambdaService]:
    """The function `name`, with its variables, in a host of Lambda's making."""
    main, properties = FUNCTIONS[name]
    keys = engine.credentials()
    service = LambdaService()
    with http_server(service) as port:
        environment = {
            "PATH": os.defpath,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_ENDPOINT_URL": engine.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        command = [python, "-m", "awslambdaric", properties["Handler"]]
        process = subprocess.Popen(
            command, cwd=main.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield service
        finally:
            service.invocations.put(None)  # the end of its life: no next invocation
            process.communicate(timeout=SECONDS)


def recorded(path: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / path).read_text()))


@pytest.fixture(scope="module", params=pythons())
def python(request: pytest.FixtureRequest) -> Path:
    return environment_of(str(request.param))


@pytest.fixture
def bucket(engine: LiveEngine) -> str:
    name = f"pythons-{uuid.uuid4().hex[:8]}"
    engine.client("s3").create_bucket(Bucket=name)
    return name


def test_the_functions_of_the_workflow_do_their_work(engine: LiveEngine, python: Path, bucket: str) -> None:
    s3, word = engine.client("s3"), uuid.uuid4().hex[:8]
    with hosted(engine, python, "CreateExperiment") as function:
        event: dict[str, Any] = {"ExperimentName": f"e-{word}", "TrialName": f"t-{word}", "Tags": []}
        assert function.invoke(event)[0] == "response"
        assert function.invoke(event)[0] == "response", "what is there already is no error"
    trials = engine.client("sagemaker").list_trials(ExperimentName=f"e-{word}")["TrialSummaries"]
    assert [trial["TrialName"] for trial in trials] == [f"t-{word}"]

    metrics = {"binary_classification_metrics": {"auc": {"value": 0.8}}}
    s3.put_object(Bucket=bucket, Key="eval.json", Body=json.dumps(metrics))
    with hosted(engine, python, "QueryEvaluation") as function:
        event = {"EvaluationUri": f"s3://{bucket}/eval.json", "Gate": {}}
        kind, answer = function.invoke(event)
        assert (kind, answer["Value"]) == ("response", 0.8)
        kind, answer = function.invoke({**event, "EvaluationUri": f"s3://{bucket}/none.json"})
        assert (kind, answer["errorType"]) == ("error", "EvidenceError")

    transforms = Transforms(engine).prepare()
    job = transforms.run(transforms.put(rows_csv=b"1,2\n3,4\n"))["TransformJobName"]
    with hosted(engine, python, "AddTransformHeader") as function:
        kind, answer = function.invoke({"TransformJobName": job, "Header": ["total"]})
        assert (kind, len(answer["Changed"])) == ("response", 1), answer
        kind, answer = function.invoke({"TransformJobName": job, "Header": "total"})
        assert (kind, len(answer["Unchanged"])) == ("response", 1), answer
    assert transforms.outputs(job) == {"rows.csv.out": b"total\n3.0\n7.0\n"}


def test_the_functions_of_deployment_and_drift_start_and_fail_closed(
    engine: LiveEngine, python: Path, bucket: str
) -> None:
    """Without their evidence each ends in an error of its own or of AWS, and none in one of Python."""
    drift = {
        "MONITORING_URI": f"s3://{bucket}/monitoring",
        "METRIC_NAMESPACE": "pythons",
        "DRIFT_FEATURES": "",
        "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:none",
    }
    cases: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
        "QueryTraining": (
            {"TrainingJobName": "none", "ModelUri": f"s3://{bucket}/none.tar.gz"},
            {"ASSETS_DIR": "/tmp"},
        ),
        "QueryDrift": ({"ProcessingJobName": "no-such-job"}, drift),
    }
    for name, (event, variables) in cases.items():
        with hosted(engine, python, name, **variables) as function:
            kind, answer = function.invoke(event)
        assert kind == "error", answer
        assert answer["errorType"] in ("EvidenceError", "ClientError", "ResourceNotFound"), answer


def test_the_api_function_answers_in_the_shape_of_api_gateway(engine: LiveEngine, python: Path) -> None:
    event = {**recorded("api/events/api_gateway_proxy.json"), "headers": {"Content-Type": "image/png"}}
    [name] = [name for name, (main, _) in FUNCTIONS.items() if main.name == "app.py"]
    with hosted(engine, python, name, ENDPOINT_NAME="no-such", CORS_ORIGIN="*", METRIC_NAMESPACE="pythons") as function:
        kind, answer = function.invoke(event)
    assert kind == "response", answer
    assert answer["statusCode"] == 415
    assert "error" in json.loads(answer["body"])


@pytest.mark.parametrize(
    "path", ["pre_traffic_hook.py", "post_traffic_hook.py", "prune_versions.py", "verify_deployment.py"]
)
def test_hooks_and_actions_start_and_report_to_their_service(engine: LiveEngine, python: Path, path: str) -> None:
    """Neither the deployment nor the job of the recorded event is there, which only the service can say."""
    [name] = [name for name, (main, _) in FUNCTIONS.items() if main.name == path]
    is_hook = path.endswith("_hook.py")
    event = recorded(f"api/events/{'codedeploy_hook' if is_hook else 'codepipeline_job'}.json")
    with hosted(engine, python, name) as function:
        kind, answer = function.invoke(event)
    wanted = "DeploymentDoesNotExist" if is_hook else "JobNotFound"
    assert kind == "error", answer
    assert wanted in f"{answer['errorType']} {answer['errorMessage']}", answer
