"""Tables that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from mlsystem.client.drill.verdict import Verdict
from mlsystem.client.monitoring import FeatureFinding
from mlsystem.client.pipeline import ActionView, ExecutionView, StageView
from mlsystem.client.releases import Release
from mlsystem.client.retraining import DecisionView
from mlsystem.client.shadow import Agreement, Comparison

STYLES = {
    "Succeeded": "green",
    "InProgress": "cyan",
    "Failed": "bold red",
    "Stopped": "yellow",
    "Superseded": "dim",
    "Abandoned": "yellow",
}
VERDICTS = {"drifted": "bold red", "cannot tell": "yellow", "not drifted": "green"}
LONGEST_WORDS = 90


def stage_table(name: str, stages: Sequence[StageView]) -> Table:
    table = Table(title=name, title_justify="left", expand=False)
    for column in ("stage", "action", "status", "what it says"):
        table.add_column(column)
    for stage in stages:
        for number, action in enumerate(stage.actions):
            words = "waits for you: mlsystem approve --reason WHY" if action.token else action.error or action.summary
            table.add_row(stage.name if number == 0 else "", action.name, _status(action.status), _short(words))
        table.add_section()
    return table


def history_table(name: str, executions: Sequence[ExecutionView]) -> Table:
    table = Table(title=name, title_justify="left", expand=False)
    for column in ("execution", "status", "started", "seconds", "by", "revisions"):
        table.add_column(column)
    for item in executions:
        seconds = f"{(item.updated - item.started).total_seconds():.0f}"
        revisions = ", ".join(f"{action} {revision[:8]}" for action, revision in item.revisions.items())
        started = item.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(item.id, _status(item.status), started, seconds, item.trigger, revisions)
        for run in item.runs:
            took = "" if run.seconds is None else f"{run.seconds:.0f}"
            table.add_row(f"  {run.name}", _status(run.status), "", took, "", _short(run.error or run.summary))
    return table


def decision_table(decisions: Sequence[DecisionView]) -> Table:
    table = Table(title="Why it trained anew, or did not", title_justify="left", expand=False)
    for column in ("at", "trigger", "decision", "reason"):
        table.add_column(column)
    for item in decisions:
        style = "green" if item.decision == "started" else "yellow"
        at = item.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(at, item.trigger, Text(item.decision, style=style), item.reason)
    return table


def version_table(releases: Sequence[Release]) -> Table:
    table = Table(expand=False)
    for column in ("version", "traffic", "published", "its endpoint"):
        table.add_column(column)
    for item in releases:
        share = f"{item.share:.0%}" if item.share else "-" if item.is_standing else "gone"
        published = item.published.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(item.version, share, published, item.endpoint)
    return table


def finding_table(findings: Sequence[FeatureFinding]) -> Table:
    table = Table(expand=False)
    for column in ("feature", "drift", "why"):
        table.add_column(column)
    for item in findings:
        table.add_row(Text(item.feature), Text(item.verdict, style=VERDICTS.get(item.verdict, "")), Text(item.reason))
    return table


def shadow_table(found: Comparison) -> Table:
    table = Table(title=found.endpoint, title_justify="left", expand=False)
    table.add_column("variant")
    for column in ("requests", "5xx", "median", "99th percentile"):
        table.add_column(column, justify="right")
    for role, item in (("production", found.production), ("shadow", found.shadow)):
        times = ("-" if one is None else f"{one * 1000:.1f} ms" for one in (item.p50_seconds, item.p99_seconds))
        table.add_row(f"{item.name} ({role})", str(item.requests), str(item.errors), *times)
    return table


def agreement_words(agreement: Agreement | None) -> str:
    if agreement is None:
        return "The endpoint captures nothing, so what was answered cannot be compared: it needs a DataCaptureConfig."
    if not agreement.pairs:
        return "No answers of both to one request are captured yet; pairs are found by inference id."
    return (
        f"Of {agreement.pairs} pairs of answers {agreement.equal} are equal; their numbers differ by "
        f"{agreement.mean_difference:.4g} on average, by {agreement.largest_difference:.4g} at most."
    )


def drill_table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(title="What became of each version", title_justify="left", expand=False)
    for column in ("version", "became", "detected by"):
        table.add_column(column)
    for column in ("its answers until then", "requests harmed", "back to normal after"):
        table.add_column(column, justify="right")
    for item in verdicts:
        ending = Text(str(item.outcome.ending), style="bold red" if item.problems else "green")
        harmed = f"{item.harmed} of {item.requests} ({item.harmed_share:.1%})" if item.harmed else "none"
        back = f"{item.bad_seconds:.1f} s" if item.harmed else "-"
        table.add_row(item.case.name, ending, item.outcome.detected_by or "-", str(item.to_new), harmed, back)
    return table


def reasons(actions: Iterable[ActionView]) -> list[Text]:
    """What the tables have to shorten: each error in full."""
    failed = [action for action in actions if action.error]
    return [Text.assemble((f"{action.name}: ", "bold red"), action.error.strip()) for action in failed]


def _status(status: str) -> Text:
    return Text(status, style=STYLES.get(status, ""))


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_WORDS else line[: LONGEST_WORDS - 1] + "…"
