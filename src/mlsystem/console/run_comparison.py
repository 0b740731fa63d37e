"""Runs side by side: what differs between them, and how good, how long and of what they were. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlsystem.client.experiment_run import Run
from mlsystem.console.charts import Chart, Series, bars, lines

# The metrics that say most come first; the others follow by name.
FIRST = (
    "auc", "accuracy", "f1", "weighted_f1", "precision", "recall",
    "weighted_precision", "weighted_recall", "rmse", "mae", "mse", "r2",
)  # fmt: skip
MOST_COLUMNS = 4
FEWEST, MOST = 2, 4
THIS_RUN = "‹this run›"


@dataclass(frozen=True)
class Row:
    """A value of each run; empty where a run has none."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class MetricRow:
    name: str
    values: tuple[float | None, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def short(name: str) -> str:
    """The beginning of an execution's id, which is how a run is called on these pages."""
    return name.split("-", maxsplit=1)[0]


def metric_names(runs: Sequence[Run]) -> list[str]:
    """Of all runs, those that say most first."""
    names = {name for run in runs for name in run.metrics}
    return [name for name in FIRST if name in names] + sorted(names - set(FIRST))


def parameter_rows(runs: Sequence[Run]) -> list[Row]:
    return _rows([run.parameters for run in runs])


def environment_rows(runs: Sequence[Run]) -> list[Row]:
    """Parameters of the jobs beside the training's own: variables, and machines."""
    return _rows([{f"{job.step}: {name}": value for job in run.jobs for name, value in job.parameters.items()
                   if name not in run.parameters or job is not run.training} for run in runs])  # fmt: skip


def artefact_rows(runs: Sequence[Run]) -> list[Row]:
    """A run keeps its things below its own name, which is taken out: so what differs is what comes from elsewhere."""
    return _rows(
        [
            {
                f"{job.step}: {name}": _without(uri, run.execution)
                for job in run.jobs
                for name, uri in job.artefacts.items()
            }
            for run in runs
        ]
    )


def metric_rows(runs: Sequence[Run]) -> list[MetricRow]:
    found = [run.metrics for run in runs]
    return [MetricRow(name, tuple(one.get(name) for one in found)) for name in metric_names(runs)]


def metrics_chart(runs: Sequence[Run], names: Sequence[str]) -> Chart | None:
    """Of shares between 0 and 1, which can stand beside each other; None where there are none that every run has."""
    found = {f"{short(run.pipeline_execution)}": run.metrics for run in runs}
    shown = [name for name in names if all(0 <= one.get(name, -1) <= 1 for one in found.values())]
    if not shown:
        return None
    values = {run: [one[name] for name in shown] for run, one in found.items()}
    return bars("Metrics of the runs side by side", [name.replace("_", " ") for name in shown], values, horizontal=True)


def durations_chart(runs: Sequence[Run]) -> Chart | None:
    steps = _in_order(job.step for run in runs for job in run.jobs)
    if not steps:
        return None
    values = {short(run.pipeline_execution): [_seconds(run, step) for step in steps] for run in runs}
    return bars("How long each job of the runs took, in seconds", steps, values, horizontal=True)


def history_chart(runs: Sequence[Run]) -> Chart | None:
    """The metric that says most, over the time of a page's runs; None where fewer than two have it."""
    names = metric_names(runs)
    shown = [run for run in reversed(runs) if names and names[0] in run.metrics]
    if len(shown) < FEWEST:
        return None
    series = Series(names[0], [run.created for run in shown], [run.metrics[names[0]] for run in shown])
    drawn = lines(f"{names[0]} of these runs over time", [series])
    # Not from zero: what matters is how much better one is than another.
    axis = {**drawn.options["yAxis"], "scale": True}
    dots = [{**one, "showSymbol": True, "symbolSize": 8} for one in drawn.options["series"]]
    return replace(drawn, options={**drawn.options, "yAxis": axis, "series": dots})


def shared_parameters(runs: Sequence[Run]) -> dict[str, str]:
    """That all runs with a training have, with the same value."""
    found = [run.parameters for run in runs if run.parameters]
    return {
        name: value
        for name, value in (found[0] if found else {}).items()
        if all(one.get(name) == value for one in found)
    }


def _without(uri: str, execution: str) -> str:
    return uri.replace(execution, THIS_RUN) if execution else uri


def _rows(found: Sequence[Mapping[str, str]]) -> list[Row]:
    names = _in_order(name for one in found for name in one)
    return [Row(name, tuple(one.get(name, "") for one in found)) for name in names]


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _seconds(run: Run, step: str) -> float:
    return sum(job.duration.total_seconds() for job in run.jobs if job.step == step and job.duration)
