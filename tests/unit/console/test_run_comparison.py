"""Side by side it is seen what differs between runs, and only that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.experiment_run import Job, Run
from mlsystem.console.run_comparison import (
    THIS_RUN,
    artefact_rows,
    durations_chart,
    environment_rows,
    history_chart,
    metric_names,
    metric_rows,
    metrics_chart,
    parameter_rows,
    shared_parameters,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def run(name: str, parameters: dict[str, str], evaluation: dict[str, float], minutes: int = 1) -> Run:
    job = Job(
        name=f"{name}-aws-training-job",
        step="Training-Job",
        arn=f"arn:aws:sagemaker:r:1:training-job/{name}",
        status="Completed",
        message="",
        began=AT,
        ended=AT + timedelta(minutes=minutes),
        parameters={**parameters, "SageMaker.InstanceType": "ml.m5.large"},
        artefacts={"model": f"s3://b/runs/{name}/model.tar.gz", "image": "registry/image:1"},
        metrics={},
    )
    return Run(f"mls-demo-{name}-b-c-d-e", AT, "c0ffee", "main", "v", (job,), evaluation)


ONE = run("one", {"rate": "0.1", "rounds": "40"}, {"precision": 0.7, "auc": 0.9, "log_loss": 1.5})
TWO = run("two", {"rate": "0.2", "rounds": "40", "seed": "1"}, {"precision": 0.7, "auc": 0.8}, minutes=3)


def test_parameters_that_differ_are_told_apart_from_those_that_all_share() -> None:
    rows = {row.name: row for row in parameter_rows([ONE, TWO])}
    assert {name: row.differs for name, row in rows.items()} == {"rate": True, "rounds": False, "seed": True}
    assert rows["seed"].values == ("", "1")
    assert shared_parameters([ONE, TWO]) == {"rounds": "40"}
    assert [row.name for row in environment_rows([ONE, TWO])] == ["Training-Job: SageMaker.InstanceType"]


def test_what_lies_below_a_runs_own_name_does_not_differ_by_that_name() -> None:
    rows = {row.name: row for row in artefact_rows([ONE, TWO])}
    assert rows["Training-Job: model"].values == (f"s3://b/runs/{THIS_RUN}/model.tar.gz",) * 2
    assert not any(row.differs for row in rows.values())


def test_metrics_that_say_most_come_first_and_a_missing_one_is_none() -> None:
    assert metric_names([ONE, TWO]) == ["auc", "precision", "log_loss"]
    assert {row.name: row.values for row in metric_rows([ONE, TWO])}["log_loss"] == (1.5, None)


def test_only_shares_that_every_run_has_stand_beside_each_other() -> None:
    chart = metrics_chart([ONE, TWO], ["auc", "precision", "log_loss"])
    assert chart is not None
    assert [row[0] for row in chart.rows] == ["auc", "precision"]
    assert metrics_chart([ONE, run("three", {}, {})], ["auc"]) is None


def test_durations_stand_in_the_order_of_the_jobs() -> None:
    chart = durations_chart([ONE, TWO])
    assert chart is not None
    assert chart.rows == (("Training-Job", "60", "180"),)
    assert durations_chart([Run("t", AT, "", "", "", (), {})]) is None


def test_one_run_alone_has_no_course() -> None:
    assert history_chart([ONE]) is None
    assert history_chart([ONE, TWO]) is not None
