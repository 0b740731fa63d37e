"""The report as files: reads what a check has left, and writes report.html of it. It needs nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.errors import ReportError
from mlsystem.monitor.output_files import write_file
from mlsystem.monitor.report.evidence import Evidence
from mlsystem.monitor.report.evidence_document import parse_evidence
from mlsystem.monitor.report.findings import Findings, parse_verdicts
from mlsystem.monitor.report.history import MOST_RUNS, History, PastRun
from mlsystem.monitor.report.page import page
from mlsystem.monitor.report.quality_words import parse_violations
from mlsystem.monitor.report.report import Report
from mlsystem.monitor.report.verdict_words import moment
from mlsystem.monitor.run_folders import EVIDENCE, VERDICTS, earlier_runs, find_run, hour_of

VIOLATIONS = "constraint_violations.json"
PAGE = "report.html"

_Parsed = TypeVar("_Parsed")


def write_report(folder: Path) -> tuple[Path, Report]:
    """Writes the page of the folder's run, or of the latest run below it, into the folder. Raises MonitorError."""
    report = read_report(find_run(folder))
    path = folder / PAGE
    write_file(path, page(report))
    return path, report


def read_report(run: Path) -> Report:
    """The report of one run, from its files and those of the runs before it. Raises ReportError."""
    findings, evidence = _read(run / VERDICTS, parse_verdicts), _read(run / EVIDENCE, parse_evidence)
    violations = _read(run / VIOLATIONS, parse_violations)
    report = Report(findings, evidence, violations, _history(run, findings, evidence))
    unknown = report.features_without_evidence()
    if unknown:
        raise ReportError(
            f"{run / EVIDENCE} does not know {', '.join(unknown)}, of which {VERDICTS} beside it speaks: "
            "they are not of one check. Run the check again"
        )
    return report


def _history(run: Path, findings: Findings, evidence: Evidence) -> History:
    """An earlier run whose file is damaged is named in the page and does not hinder this one."""
    created = _created(run, evidence)
    folders = earlier_runs(run, created)
    shown, runs, unreadable = folders[-MOST_RUNS + 1 :], [], []
    for folder in shown:
        try:
            runs.append(PastRun(folder.hour, _read(folder.path / VERDICTS, parse_verdicts)))
        except ReportError as error:
            unreadable.append(str(error))
    runs.append(PastRun(hour_of(run) or created, findings))
    return History(tuple(runs), len(folders) - len(shown), tuple(unreadable))


def _created(run: Path, evidence: Evidence) -> datetime:
    created = moment(evidence.run.created)
    if created is None:
        raise ReportError(
            f"{run / EVIDENCE} cannot be read: $.created is {evidence.run.created!r}, which is no time stamp. "
            "Run the check again"
        )
    return created if created.tzinfo else created.replace(tzinfo=UTC)


def _read(path: Path, parse: Callable[[object], _Parsed]) -> _Parsed:
    try:
        return parse(json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}. Run the check again") from error
    except (ValueError, RecursionError) as error:  # no text, no JSON, or not this document
        raise ReportError(f"{path} cannot be read: {error}. Run the check again") from error


def _no_number(name: str) -> NoReturn:
    raise DocumentError(f"{name} is no number that JSON has")
