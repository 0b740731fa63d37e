"""`quality` of the command line: `profile` makes a baseline of a model's quality, `check` compares with one, `merge` merges."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from mlsystem.monitor.options import add_data_options, format_of
from mlsystem.monitor.quality.problem import DEFAULT_THRESHOLD, Problem, ProblemType
from mlsystem.monitor.quality.verdicts import QualityVerdict
from mlsystem.monitor.quality_run import MergeJob, QualityAnalysis, QualityJob, merge, run_quality
from mlsystem.monitor.sources import Sources


def add_quality_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `quality` and what belongs to it."""
    quality = commands.add_parser("quality", help="how good a model's answers are, by what turned out later")
    actions = quality.add_subparsers(dest="action", required=True)
    profile = actions.add_parser("profile", help="metrics and suggested thresholds of answers: a baseline")
    check = actions.add_parser("check", help="compare answers with a baseline")
    merging = actions.add_parser("merge", help="write captures that have ground truth as merged records")
    for command in (profile, check):
        _add_job_options(command)
    check.add_argument(
        "--baseline",
        required=True,
        metavar="DIR",
        help="folder of constraints.json and statistics.json, or its s3:// URI",
    )
    merging.add_argument("data", metavar="DATA", help="captures: a file, a folder of files, or an s3:// URI")
    merging.add_argument(
        "--ground-truth", required=True, metavar="DIR", help="file or folder of its lines, or an s3:// URI"
    )
    merging.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the merged records go")


def _add_job_options(command: argparse.ArgumentParser) -> None:
    add_data_options(command)
    command.add_argument("--problem-type", required=True, choices=[kind.value for kind in ProblemType])
    command.add_argument("--inference-attribute", metavar="NAME", help="column of the answer: a number, or a class")
    command.add_argument("--probability-attribute", metavar="NAME", help="column of the positive class's probability")
    command.add_argument("--probability-threshold", type=float, default=DEFAULT_THRESHOLD, help="default 0.5")
    command.add_argument("--ground-truth-attribute", metavar="NAME", help="column of what turned out")
    command.add_argument("--positive-label", metavar="LABEL", help="by default 1 of 0 and 1, true of true and false")
    command.add_argument("--ground-truth", action="append", default=[], metavar="DIR", help="for captures: its files")


def run_quality_command(options: argparse.Namespace, sources: Sources, now: Callable[[], datetime]) -> str:
    """Does what the options ask for, and returns what to tell the user. Raises MonitorError."""
    if options.action == "merge":
        message = options.output / "message"
        captures, truths = sources.path(options.data), sources.path(options.ground_truth)
        counts = merge(MergeJob(captures, truths, options.output, message))
        return "\n".join([_counted(asdict(counts)), message.read_text(encoding="utf-8")])
    job = _job(options, sources)
    found = _findings(run_quality(job, None, now))
    return "\n".join([*found, job.message.read_text(encoding="utf-8")])


def _findings(analysis: QualityAnalysis) -> list[str]:
    """What was merged and could not be read, each metric that is not in order, and the verdict."""
    found = [_counted(asdict(analysis.merge))] if analysis.merge else []
    if analysis.unreadable.count:
        found.append(analysis.unreadable.sentence(analysis.quality.rows))
    if analysis.verdict is None:
        return found
    others = [each for each in analysis.verdict.metrics if each.verdict is not QualityVerdict.NOT_WORSE]
    found += [f"{each.constraint.metric}: {each.verdict.value}: {each.reason}" for each in others]
    return [*found, f"Model: {analysis.verdict.sentence}"]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count)


def _job(options: argparse.Namespace, sources: Sources) -> QualityJob:
    baseline = sources.path(options.baseline) if options.action == "check" else None
    data = sources.paths(options.data)
    return QualityJob(
        data=data,
        form=format_of(options, data),
        problem=Problem(
            type=ProblemType(options.problem_type),
            inference=options.inference_attribute,
            probability=options.probability_attribute,
            threshold=options.probability_threshold,
            ground_truth=options.ground_truth_attribute,
            positive_label=options.positive_label,
        ),
        output=options.output,
        message=options.output / "message",
        metrics=options.output / "metrics" / "cloudwatch",
        ground_truth=sources.paths(options.ground_truth),
        baseline_constraints=baseline,
        baseline_statistics=baseline,
        preprocessor=options.preprocessor,
        postprocessor=options.postprocessor,
    )
