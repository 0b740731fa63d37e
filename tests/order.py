"""In which order files of tests are given to the test processes: what takes long begins first, so that nobody waits for it at the end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

# By how long they took. The first two are measured, and so the first of the last part (tests/suite.py). Of those that need a finished
# system only one is among the first three of the part before: others would wait until it is made. Files that are not named come last.
LONGEST = (
    "e2e/test_demo.py",
    "e2e/test_console_story.py",
    "browser",
    "e2e/test_studio_scripts.py",
    "notebooks/test_experiments.py",
    "e2e/test_kill_points_system.py",
    "chaos/test_runs.py",
    "e2e/test_console_steering.py",
    "engine/test_plan.py",
    "engine/test_codedeploy.py",
    "notebooks/test_mlops.py",
    "e2e/test_loops.py",
    "e2e/test_stage_rollback.py",
    "e2e/test_judge.py",
    "e2e/test_drill.py",
    "e2e/test_soak.py",
    "e2e/test_refused_versions.py",
    "e2e/test_rollback.py",
    "e2e/test_backup.py",
    "engine/test_kill_points_pipeline.py",
    "engine/test_kill_points_endpoints.py",
    "engine/test_kill_points_jobs.py",
    "engine/test_kill_points_stacks.py",
    "engine/test_kill_points_studio.py",
    "e2e/test_system.py",
    "e2e/test_least_privilege.py",
    "e2e/test_benchmarks.py",
    "e2e/test_mlflow.py",
    "chaos/test_replay.py",
    "clients/test_aws_cli.py",
    "engine/test_runtimes.py",
    "engine/test_tls.py",
    "engine/test_cli.py",
    "engine/test_lambda.py",
    "fuzz/test_fuzz.py",
    "clients/test_sagemaker_core.py",
    "engine/test_conformance_requests.py",
    "engine/test_conformance_pages.py",
    "engine/test_apigateway.py",
    "engine/test_sdk_monitors.py",
    "engine/test_autoscaling.py",
    "engine/test_guardrails.py",
    "engine/test_rollouts.py",
    "engine/test_sdk_files.py",
    "engine/test_endpoints.py",
    "engine/test_cloudwatch.py",
    "engine/test_sns.py",
    "engine/test_stepfunctions.py",
    "engine/test_s3_faults.py",
    "engine/test_scheduler.py",
    "engine/test_capture.py",
    "e2e/test_flights_jobs.py",
    "unit/engine/test_years.py",
    "e2e/test_destroy.py",
    "e2e/test_bare_machine.py",
)


# Folders whose files share one system: a test process gets all of them.
SHARING = ("browser",)


def group(name: str) -> str:
    """What stays in one test process, of a file by its path below the folder of tests: the file, or its folder."""
    folder = name.partition("/")[0]
    return folder if folder in SHARING else name


def rank(file: Path, tests: Path) -> int:
    """The place of a file below the folder `tests`; files of one rank keep the order that they have."""
    name = group(file.relative_to(tests).as_posix()) if file.is_relative_to(tests) else ""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def missing(tests: Path) -> Iterable[str]:
    """What is named and is not there."""
    return [name for name in LONGEST if not (tests / name).exists()]
