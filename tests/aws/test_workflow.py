"""The training workflow says what AWS accepts, and fails by name wherever something fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from statelint.linter import Linter

from tests.aws.build import REVISION, files_of, workflow_definition, workflow_graph
from tests.aws.project import RUN_NAME, VARIABLES
from tests.aws.request_check import faults
from tests.aws.state_machine import ExecutionFailedError, TaskFailedError, Walk, all_states

ASL_VALIDATOR = Path(__file__).parent / "node_modules" / ".bin" / "asl-validator"
SAMPLE_VALUES = {
    "Partition": "aws",
    "KmsKeyArn": VARIABLES["KMS_KEY_ARN"],
    "SageMakerRoleArn": "arn:aws:iam::123456789012:role/mls-demo-sagemaker-eu-central-1",
    "CreateExperimentFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:mls-demo-create-experiment",
    "FindChampionFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:mls-demo-find-champion",
    "QueryEvaluationFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:mls-demo-query-evaluation",
    "QueryTrainingFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:mls-demo-query-training",
}
CHAMPION = "mls-flights-0d9c2a51-6d5f-4c0e-bb1c-1f0a5b1d3c11"
MEASURED = "binary_classification_metrics of 100 rows"


def gate_of(value: float, **changes: Any) -> dict[str, Any]:
    """What Query Evaluation Results answers."""
    gate = {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.7, "Value": value, "Measured": MEASURED}
    return {**gate, **changes}


MODEL_URI = f"s3://artifacts/mls-demo/runs/{RUN_NAME}/output/model.tar.gz"
GOOD: dict[str, Any] = {
    "Create Experiment": {"Payload": {}},
    "Prepare Data": {"ProcessingJobStatus": "Completed"},
    "Baseline Job": {"ProcessingJobStatus": "Completed"},
    "Training Job": {"ModelArtifacts": {"S3ModelArtifacts": MODEL_URI}},
    "Save Model": {"ModelArn": "arn"},
    "Model Evaluation Job": {"ProcessingJobStatus": "Completed"},
    "Query Evaluation Results": {"Payload": gate_of(0.8)},
    "Find Champion": {"Payload": {"TrainingJobName": CHAMPION}},
    "Champion Evaluation Job": {"ProcessingJobStatus": "Completed"},
    "Query Champion Results": {"Payload": gate_of(0.75)},
    "Prediction Baseline Job": {"ProcessingJobStatus": "Completed"},
    "Query Training Results": {"Payload": {"AssetsFolder": "/mnt/assets/models/x", "Files": ["schema.json"]}},
}
NO_CHAMPION = {"Find Champion": {"Payload": {"TrainingJobName": ""}}}
PROCESSING_JOBS = (
    *("Prepare Data", "Baseline Job", "Model Evaluation Job", "Champion Evaluation Job", "Prediction Baseline Job"),
)
JOBS = (*PROCESSING_JOBS, "Training Job")


def definition() -> dict[str, Any]:
    text = workflow_definition()
    for name, value in SAMPLE_VALUES.items():
        text = text.replace(f"${{{name}}}", value)
    content: dict[str, Any] = json.loads(text)
    return content


def walk(folder: Path, **changes: Any) -> Walk:
    """A whole execution with the input that a build of the real project writes; `champion` are other settings
    of it, all else are answers."""
    settings = changes.pop("champion", {})

    def result(name: str, _request: dict[str, Any]) -> Any:
        answer = {**GOOD, **changes}[name]
        if isinstance(answer, TaskFailedError):
            raise answer
        return answer

    made = Walk(definition(), RUN_NAME, result)
    content = files_of(folder)["workflow-input.json"]
    content["Champion"].update(settings)
    made.output = made.run(content)
    return made


def failure(folder: Path, **changes: Any) -> tuple[str, str]:
    with pytest.raises(ExecutionFailedError) as failed:
        walk(folder, **changes)
    return failed.value.error, failed.value.cause


def test_statelint_finds_nothing() -> None:
    assert Linter.validate(definition()) == []


@pytest.mark.parametrize(("member", "value"), [("Next", "Nowhere"), ("Type", "Tasks"), ("TimeoutSeconds", "soon")])
def test_statelint_finds_a_planted_fault(member: str, value: str) -> None:
    planted = definition()
    planted["States"][planted["StartAt"]][member] = value
    assert Linter.validate(planted) != []


@pytest.fixture
def validate(tmp_path: Path, need_tool: Callable[[str], str]) -> Callable[[dict[str, Any]], str]:
    """What asl-validator complains of."""
    need_tool("node")
    if not ASL_VALIDATOR.exists():
        need_tool(str(ASL_VALIDATOR))

    def run(content: dict[str, Any]) -> str:
        path = tmp_path / "workflow.asl.json"
        path.write_text(json.dumps(content))
        done = subprocess.run([ASL_VALIDATOR, "--json-path", path], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return run


def test_asl_validator_finds_nothing(validate: Callable[[dict[str, Any]], str]) -> None:
    assert validate(definition()) == ""


@pytest.mark.parametrize(
    ("member", "value"), [("Next", "Nowhere"), ("Arguments", "{% $states.input. %}"), ("QueryLanguage", "SQL")]
)
def test_asl_validator_finds_a_planted_fault(
    validate: Callable[[dict[str, Any]], str], member: str, value: str
) -> None:
    planted = definition()
    planted["States"][planted["StartAt"]][member] = value
    assert validate(planted)


def test_every_name_in_the_definition_has_a_value_in_the_template() -> None:
    assert set(workflow_graph()["Resources"]["Workflow"]["Properties"]["DefinitionSubstitutions"]) == set(SAMPLE_VALUES)


def test_every_request_is_one_that_aws_accepts(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    states = dict(all_states(definition()))
    assert set(requests) == set(GOOD)
    for name, request in requests.items():
        service, operation = states[name]["Resource"].split(":::")[1].removesuffix(".sync").split(":")
        sent = {**request, "Payload": json.dumps(request["Payload"]).encode()} if service == "lambda" else request
        assert faults(service, operation[0].upper() + operation[1:], sent) == [], name


def test_a_baseline_of_its_own_is_an_input_of_its_own(tmp_path: Path) -> None:
    made = walk(tmp_path)
    assert [item["InputName"] for item in made.requests["Prepare Data"]["ProcessingInputs"]] == ["train", "test"]
    content = files_of(tmp_path)["workflow-input.json"]
    content["RawData"].append({"Name": "baseline", "Uri": "s3://mls-data/baseline/"})
    made.run(content)
    baseline = made.requests["Prepare Data"]["ProcessingInputs"][2]
    assert baseline["S3Input"]["S3Uri"] == "s3://mls-data/baseline/"
    assert baseline["S3Input"]["LocalPath"] == "/opt/ml/processing/input/baseline"


def test_the_longest_names_that_pipeline_yml_allows_fit_into_the_names_of_jobs(tmp_path: Path) -> None:
    name = f"{'p' * 10}-{'m' * 10}-{'0' * 36}"
    made = Walk(definition(), name, lambda state, _: GOOD[state])
    made.run(files_of(tmp_path)["workflow-input.json"])
    for state in PROCESSING_JOBS:
        assert faults("sagemaker", "CreateProcessingJob", made.requests[state]) == []
    assert faults("sagemaker", "CreateTrainingJob", made.requests["Training Job"]) == []


def test_the_training_job_bears_the_name_of_the_execution_and_the_others_begin_with_it(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    assert requests["Training Job"]["TrainingJobName"] == RUN_NAME
    assert requests["Save Model"]["ModelName"] == RUN_NAME
    jobs = [requests[name]["ProcessingJobName"].removeprefix(RUN_NAME) for name in PROCESSING_JOBS]
    assert jobs == ["-prep", "-base", "-eval", "-chmp", "-pred"]


def test_every_job_belongs_to_the_trial_and_is_tagged_with_its_sources(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    trial = requests["Create Experiment"]["Payload"]["TrialName"]
    for name in JOBS:
        tags = {tag["Key"]: tag["Value"] for tag in requests[name]["Tags"]}
        assert tags["GitCommitHash"] == REVISION.git_commit_hash
        assert tags["DataVersionId"] == REVISION.data_version_id
        assert tags["GitBranch"] == VARIABLES["GIT_BRANCH"]
        assert requests[name]["ExperimentConfig"] == {
            "ExperimentName": "mls-demo",
            "TrialName": trial,
            "TrialComponentDisplayName": name.replace(" ", "-"),
        }


def test_later_jobs_read_what_prepare_data_wrote(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    outputs = {
        output["OutputName"]: output["S3Output"]
        for output in requests["Prepare Data"]["ProcessingOutputConfig"]["Outputs"]
    }
    assert {name: output["LocalPath"] for name, output in outputs.items()} == {
        name: f"/opt/ml/processing/{name}" for name in ("train", "test", "baseline", "requests")
    }
    train = requests["Training Job"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    inputs = {item["InputName"]: item["S3Input"] for item in requests["Model Evaluation Job"]["ProcessingInputs"]}
    baseline = requests["Baseline Job"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]
    assert [train, inputs["test"]["S3Uri"], baseline, inputs["baseline"]["S3Uri"]] == [
        outputs[name]["S3Uri"] for name in ("train", "test", "baseline", "baseline")
    ]
    assert inputs["model"]["S3Uri"] == MODEL_URI


def test_the_evaluation_is_read_where_it_was_written(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    outputs = requests["Model Evaluation Job"]["ProcessingOutputConfig"]["Outputs"]
    [output] = [output for output in outputs if output["OutputName"] == "evaluation"]
    written = f"{output['S3Output']['S3Uri']}/eval.json"
    assert requests["Query Evaluation Results"]["Payload"]["EvaluationUri"] == written


def test_production_is_compared_with_the_models_answers_to_the_baseline_and_with_the_baseline_itself(
    tmp_path: Path,
) -> None:
    requests = walk(tmp_path).requests

    def written(state: str) -> dict[str, str]:
        outputs = requests[state]["ProcessingOutputConfig"]["Outputs"]
        return {output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs}

    last = requests["Prediction Baseline Job"]
    read = {item["InputName"]: item["S3Input"] for item in last["ProcessingInputs"]}
    assert read["predictions"]["S3Uri"] == written("Model Evaluation Job")["predictions"]
    assert read["features"]["S3Uri"] == written("Baseline Job")["monitoring"]
    assert last["Environment"]["dataset_source"] == read["predictions"]["LocalPath"]
    assert last["Environment"]["joined_baseline"] == read["features"]["LocalPath"]


def test_a_run_ends_with_what_it_made(tmp_path: Path) -> None:
    made = Walk(definition(), RUN_NAME, lambda state, _: GOOD[state])
    assert made.run(files_of(tmp_path)["workflow-input.json"]) == {
        "TrainingJobName": RUN_NAME,
        "ModelUri": MODEL_URI,
        "Gate": GOOD["Query Evaluation Results"]["Payload"],
        "Champion": {
            "Status": "evaluated",
            "TrainingJobName": CHAMPION,
            "Metric": "auc",
            "Value": 0.75,
            "Measured": MEASURED,
            "Verdict": "not worse",
            "Margin": 0.0,
        },
        "Assets": GOOD["Query Training Results"]["Payload"],
    }


@pytest.mark.parametrize(
    ("comparison", "value", "passes"),
    [
        ("GreaterThan", 0.71, True),
        ("GreaterThan", 0.7, False),
        ("GreaterThanOrEqual", 0.7, True),
        ("GreaterThanOrEqual", 0.69, False),
        ("LessThan", 0.69, True),
        ("LessThan", 0.7, False),
        ("LessThanOrEqual", 0.7, True),
        ("LessThanOrEqual", 0.71, False),
        ("Greater", 1, False),
    ],
)
def test_the_gate_lets_through_what_it_says(tmp_path: Path, comparison: str, value: float, passes: bool) -> None:
    changes = {"Query Evaluation Results": {"Payload": gate_of(value, Comparison=comparison)}, **NO_CHAMPION}
    if passes:
        assert "Query Training Results" in walk(tmp_path, **changes).requests
    else:
        error, cause = failure(tmp_path, **changes)
        assert error == "ModelBelowGate"
        assert cause == f"{RUN_NAME}: auc is {value}; the gate asks for {comparison} 0.7"


# ---------------------------------------------------------------------- the champion
def against(folder: Path, value: float, champion: float, **settings: Any) -> Walk:
    """A run whose model passes a gate of any value, against a champion."""
    comparison = settings.pop("Comparison", "GreaterThan")
    threshold = {"Threshold": 0.0 if comparison.startswith("Greater") else 1.0, "Comparison": comparison}
    found = {"Query Evaluation Results": value, "Query Champion Results": champion}
    changes = {name: {"Payload": gate_of(number, **threshold)} for name, number in found.items()}
    return walk(folder, champion=settings, **changes)


@pytest.mark.parametrize(
    ("comparison", "value", "champion", "margin", "passes"),
    [
        ("GreaterThan", 0.8, 0.8, 0.0, True),
        ("GreaterThan", 0.79, 0.8, 0.0, False),
        ("GreaterThanOrEqual", 0.79, 0.8, 0.02, True),
        ("GreaterThanOrEqual", 0.77, 0.8, 0.02, False),
        ("LessThan", 0.8, 0.8, 0.0, True),
        ("LessThan", 0.81, 0.8, 0.0, False),
        ("LessThanOrEqual", 0.81, 0.8, 0.02, True),
        ("LessThanOrEqual", 0.83, 0.8, 0.02, False),
    ],
)
def test_a_model_may_be_worse_than_the_champion_by_the_margin_and_no_more(
    tmp_path: Path, comparison: str, value: float, champion: float, margin: float, passes: bool
) -> None:
    if passes:
        made = against(tmp_path, value, champion, Comparison=comparison, Margin=margin)
        assert (made.output["Champion"]["Verdict"], made.output["Champion"]["Value"]) == ("not worse", champion)
        return
    with pytest.raises(ExecutionFailedError) as failed:
        against(tmp_path, value, champion, Comparison=comparison, Margin=margin)
    assert failed.value.error == "ModelBelowChampion"
    told = f"auc is {value}; that of the champion {CHAMPION} is {champion} on the same test set (margin {margin:g})"
    assert failed.value.cause == f"{RUN_NAME}: {told}"


def test_a_model_that_loses_leaves_nothing_on_the_shared_volume(tmp_path: Path) -> None:
    made = Walk(definition(), RUN_NAME, lambda state, _: {**GOOD, **better_champion()}[state])
    with pytest.raises(ExecutionFailedError, match="ModelBelowChampion"):
        made.run(files_of(tmp_path)["workflow-input.json"])
    assert "Query Training Results" not in made.requests


def better_champion() -> dict[str, Any]:
    return {"Query Champion Results": {"Payload": gate_of(0.99)}}


def test_the_first_run_has_no_champion_and_the_record_says_so(tmp_path: Path) -> None:
    made = walk(tmp_path, **NO_CHAMPION)
    assert made.output["Champion"] == {"Status": "no champion", "Verdict": "no champion", "Margin": 0.0}
    assert "Champion Evaluation Job" not in made.requests


def test_the_champion_sees_the_raw_test_set_of_the_run_with_its_own_model(tmp_path: Path) -> None:
    requests = walk(tmp_path).requests
    job = requests["Champion Evaluation Job"]
    inputs = {item["InputName"]: item["S3Input"] for item in job["ProcessingInputs"]}
    raw = {item["InputName"]: item["S3Input"] for item in requests["Prepare Data"]["ProcessingInputs"]}
    assert inputs["test"]["S3Uri"] == raw["test"]["S3Uri"]
    assert inputs["test"]["LocalPath"] == "/opt/ml/processing/raw"
    assert (
        inputs["model"]["S3Uri"] == f"s3://{VARIABLES['ARTIFACT_BUCKET']}/mls-demo/runs/{CHAMPION}/output/model.tar.gz"
    )
    assert job["AppSpecification"] == requests["Model Evaluation Job"]["AppSpecification"]
    written = f"{job['ProcessingOutputConfig']['Outputs'][0]['S3Output']['S3Uri']}/eval.json"
    assert requests["Query Champion Results"]["Payload"]["EvaluationUri"] == written
    assert written != requests["Query Evaluation Results"]["Payload"]["EvaluationUri"]


@pytest.mark.parametrize("state", ["Champion Evaluation Job", "Query Champion Results"])
def test_a_champion_that_cannot_be_evaluated_is_left_out_only_where_the_settings_say_so(
    tmp_path: Path, state: str
) -> None:
    job = json.dumps({"ExitMessage": "test.csv: there is no column 'humid'"})
    cause = job if state.endswith("Job") else "s3://b/eval.json: cannot be read"
    reason = "test.csv: there is no column 'humid'" if state.endswith("Job") else cause
    failing = {state: TaskFailedError("States.TaskFailed", cause)}
    error, told = failure(tmp_path, **failing)
    assert error == "ChampionUnreadable"
    assert CHAMPION in told and "on_unreadable is fail" in told and told.endswith(reason)
    made = walk(tmp_path, champion={"OnUnreadable": "pass"}, **failing)
    kept = {"Status": "unreadable", "TrainingJobName": CHAMPION, "Reason": reason}
    assert made.output["Champion"] == {**kept, "Verdict": "unreadable", "Margin": 0.0}


@pytest.mark.parametrize(
    "other", [{"Measured": "binary_classification_metrics of 99 rows"}, {"Metric": "accuracy"}], ids=["rows", "metric"]
)
def test_figures_of_other_rows_or_of_another_metric_are_not_compared(tmp_path: Path, other: dict[str, str]) -> None:
    changes = {"Query Champion Results": {"Payload": gate_of(0.1, **other)}}
    error, cause = failure(tmp_path, **changes)
    assert error == "ChampionNotComparable"
    assert next(iter(other.values())) in cause and MEASURED in cause
    made = walk(tmp_path, champion={"OnUnreadable": "pass"}, **changes)
    assert made.output["Champion"]["Verdict"] == "not comparable"


def test_who_the_champion_is_must_be_known_whatever_the_settings_say(tmp_path: Path) -> None:
    unknown = {"Find Champion": TaskFailedError("CheckError", json.dumps({"errorMessage": "two functions serve"}))}
    error, cause = failure(tmp_path, champion={"OnUnreadable": "pass"}, **unknown)
    assert (error, cause.endswith("two functions serve")) == ("ChampionUnknown", True)


def test_inner_variables_have_names_of_their_own() -> None:
    """Step Functions refuses a variable of a branch that bears the name of one outside."""
    outer = definition()["States"]
    branches = outer["Baseline, Training And Champion"]["Branches"]
    assigned = {name for state in outer.values() for name in state.get("Assign", {})}
    inner = {name for branch in branches for state in branch["States"].values() for name in state.get("Assign", {})}
    assert assigned & inner == set()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("Create Experiment", "ExperimentFailed"),
        ("Prepare Data", "PrepareDataFailed"),
        ("Baseline Job", "BaselineJobFailed"),
        ("Training Job", "TrainingJobFailed"),
        ("Save Model", "SaveModelFailed"),
        ("Model Evaluation Job", "ModelEvaluationJobFailed"),
        ("Query Evaluation Results", "EvaluationResultsUnreadable"),
        ("Find Champion", "ChampionUnknown"),
        ("Champion Evaluation Job", "ChampionUnreadable"),
        ("Query Champion Results", "ChampionUnreadable"),
        ("Prediction Baseline Job", "PredictionBaselineJobFailed"),
        ("Query Training Results", "TrainingResultsNotCopied"),
    ],
)
@pytest.mark.parametrize("cause", [None, "You are out of quota (Service: SageMaker)"])
def test_every_failure_has_a_name_and_a_reason(tmp_path: Path, state: str, error: str, cause: str | None) -> None:
    assert failure(tmp_path, **{state: TaskFailedError("States.Timeout", cause)})[0] == error
    reason = failure(tmp_path, **{state: TaskFailedError("States.Timeout", cause)})[1]
    assert reason.startswith(RUN_NAME)
    assert reason.endswith(cause or "States.Timeout")


@pytest.mark.parametrize(
    ("state", "job", "reason"),
    [
        ("Training Job", {"FailureReason": "AlgorithmError: no rows"}, "AlgorithmError: no rows"),
        (
            "Prepare Data",
            {"FailureReason": "exit code: 1", "ExitMessage": "train: no label"},
            "exit code: 1; train: no label",
        ),
        ("Model Evaluation Job", {"FailureReason": "exit code: 1"}, "exit code: 1"),
        ("Baseline Job", {"ExitMessage": "no header"}, "no header"),
    ],
)
def test_a_job_that_fails_is_told_with_its_programs_own_reason(
    tmp_path: Path, state: str, job: dict[str, str], reason: str
) -> None:
    description = json.dumps({"CreationTime": 1795514520000, **job})
    assert failure(tmp_path, **{state: TaskFailedError("States.TaskFailed", description)})[1].endswith(f": {reason}")


@pytest.mark.parametrize("state", ["Create Experiment", "Query Evaluation Results", "Query Training Results"])
def test_a_function_that_raises_is_told_with_its_message(tmp_path: Path, state: str) -> None:
    cause = json.dumps({"errorMessage": "eval.json: cannot be read", "errorType": "EvidenceError"})
    error = TaskFailedError("EvidenceError", cause)
    assert failure(tmp_path, **{state: error})[1] == f"{RUN_NAME}: eval.json: cannot be read"


def test_every_task_catches_everything() -> None:
    states = dict(all_states(definition()))
    for name, state in states.items():
        if state["Type"] == "Task":
            [catcher] = state["Catch"]
            assert catcher["ErrorEquals"] == ["States.ALL"], name
            caught = states[catcher["Next"]]
            assert states[caught.get("Default", catcher["Next"])]["Type"] == "Fail", name


def test_a_mount_that_times_out_is_tried_again_three_times() -> None:
    [retrier] = dict(all_states(definition()))["Query Training Results"]["Retry"]
    assert {"Lambda.EFSMountTimeoutException", "Lambda.EFSMountConnectivityException"} <= set(retrier["ErrorEquals"])
    assert (retrier["IntervalSeconds"], retrier["MaxAttempts"], retrier["BackoffRate"]) == (3, 3, 2)
