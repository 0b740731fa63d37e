"""The analyzer as a command: `profile` makes a baseline of files, `check` compares files with one, `report` makes the page.

Everything goes below --output: the reports, `message`, and `metrics/cloudwatch/cloudwatch_metrics.jsonl`. `report` needs
nothing but what checks have left, and also draws the runs before. `quality` does the like for a model's answers.
"""

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from mlsystem.monitor.comparison_rules import changed, faults
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import CATEGORICAL_METHODS, COMPARISON_METHODS
from mlsystem.monitor.errors import ConfigurationError, MonitorError
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.options import add_data_options, format_of
from mlsystem.monitor.output_files import report_failure
from mlsystem.monitor.quality_command import add_quality_command, run_quality_command
from mlsystem.monitor.report.verdict_words import headline
from mlsystem.monitor.report_files import write_report
from mlsystem.monitor.run import Analysis, Job, run
from mlsystem.monitor.sources import MakeClient, Sources, default_client, open_sources
from mlsystem.monitor.verdicts import Verdict

PROGRAM = "python -m mlsystem.monitor"


def run_command(
    arguments: Sequence[str],
    now: Callable[[], datetime],
    program: str = PROGRAM,
    make_client: MakeClient = default_client,
) -> tuple[int, str]:
    """Runs the command line of a program. Returns the exit code and what to tell the user."""
    options = _parser(program).parse_args(arguments)
    if options.command == "report":
        return _report(options.folder)
    for folder in filter(Path.is_dir, map(Path, () if options.command == "quality" else options.data)):
        # Before anything is written: whatever came next would take it for data.
        if options.output.resolve().is_relative_to(folder.resolve()):
            return 1, f"{options.output} lies in the data, {folder}: the next run would read the reports as data"
    with open_sources(make_client) as sources:
        try:
            return 0, sources.told(_run(options, sources, now))
        except MonitorError as error:
            reason = sources.told(str(error))
            report_failure(options.output / "message", reason)
            return 1, reason


def _run(options: argparse.Namespace, sources: Sources, now: Callable[[], datetime]) -> str:
    if options.command == "quality":
        return run_quality_command(options, sources, now)
    job = _job(options, sources)
    analysis = run(job, None, now)
    return "\n".join([*_findings(analysis), job.message.read_text(encoding="utf-8")])


def _report(folder: Path) -> tuple[int, str]:
    """Writes the page, and says where it is and what could not be shown in it."""
    try:
        path, report = write_report(folder)
    except MonitorError as error:
        return 1, str(error)
    return 0, "\n".join([*report.history.unreadable, f"{headline(report.findings)}.", f"The report is {path}"])


def _findings(analysis: Analysis) -> list[str]:
    """What was violated, what nobody can tell, and the verdict; nothing where there was no baseline."""
    result = analysis.result
    found = [f"{v.feature_name}: {v.check_type}: {v.description}" for v in result.violations]
    if analysis.profile.unreadable.count:
        found.append(analysis.profile.unreadable.sentence(analysis.profile.item_count))
    if result.verdict is None:
        return found
    unknown = [f for f in result.verdict.features if f.verdict is Verdict.CANNOT_TELL]
    found += [f"{feature.feature}: {feature.verdict.value}: {feature.reason}" for feature in unknown]
    return [*found, f"Drift: {result.verdict.sentence}"]


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Profiles a dataset and checks it against a baseline. Without arguments it runs as a processing "
        "container, by environment variables.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    profile = commands.add_parser("profile", help="statistics and suggested constraints of a dataset: a baseline")
    check = commands.add_parser("check", help="compare a dataset with a baseline")
    for command in (profile, check):
        add_data_options(command)
    _add_comparison_options(profile)
    profile.add_argument("--join", metavar="DIR", help="another baseline, whose features come behind those of the data")
    check.add_argument(
        "--baseline",
        required=True,
        metavar="DIR",
        help="folder of statistics.json and constraints.json, or its s3:// URI",
    )
    check.add_argument(
        "--ties-counted-once", action="store_true", help="compare as Deequ did until September 2026 (see the docs)"
    )
    _add_report_command(commands)
    add_quality_command(commands)
    return parser


def _add_report_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = commands.add_parser("report", help="the page that tells what a check found, from the files that it left")
    report.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="of a check, or of a schedule with runs in yyyy/mm/dd/HH: then the latest",
    )


def _add_comparison_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--comparison-method", choices=COMPARISON_METHODS, help="for numbers; default Robust")
    command.add_argument("--comparison-threshold", type=float, help="by default the method's own")
    command.add_argument("--categorical-method", choices=CATEGORICAL_METHODS, dest="categorical_drift_method")
    command.add_argument("--categorical-threshold", type=float, dest="categorical_comparison_threshold")
    command.add_argument("--multiple-testing-correction", choices=CORRECTIONS, help="over all features that are tested")
    command.add_argument("--minimum-sample", type=int, help="values that a verdict needs, now and in the baseline")


def _job(options: argparse.Namespace, sources: Sources) -> Job:
    is_check = options.command == "check"
    baseline = sources.path(options.baseline) if is_check else None
    data = sources.paths(options.data)
    return Job(
        data=data,
        source=", ".join(options.data),
        form=format_of(options, data),
        output=options.output,
        message=options.output / "message",
        metrics=options.output / "metrics" / "cloudwatch",
        baseline_constraints=baseline,
        baseline_statistics=baseline,
        config=MonitoringConfig() if is_check else _config(options),
        preprocessor=options.preprocessor,
        postprocessor=options.postprocessor,
        newest=options.newest,
        joined=None if is_check or options.join is None else sources.path(options.join),
        ties_counted_once=is_check and options.ties_counted_once,
    )


_CONFIG = (
    *("comparison_method", "comparison_threshold", "categorical_drift_method", "categorical_comparison_threshold"),
    *("multiple_testing_correction", "minimum_sample"),
)


def _config(options: argparse.Namespace) -> MonitoringConfig:
    given = {name: value for name in _CONFIG if (value := getattr(options, name)) is not None}
    config = changed(MonitoringConfig(), given)
    for name, fault in faults(config):
        raise ConfigurationError(f"{name} {fault}")
    return config
