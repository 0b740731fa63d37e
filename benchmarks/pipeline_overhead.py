"""What the engine adds to a run of the project's pipeline: every action's seconds, less those of the programs that it runs.

    python benchmarks/pipeline_overhead.py [--runs 2] [--json]

The system is project/ as it is, with the tests' small program in the model's place, traffic that shifts all at once (so no wait of a
canary is in the figures) and the API function as a ZIP file. The same programs are started bare in the same run: the difference is the
engine's. Counted as programs are those of the jobs, the server until it listens, and the commands of the build. The project's Lambda
functions are not: what they take counts as overhead, as does what passes between two actions. The person who approves is left out. The
first run makes all stacks; the second changes them, and its deployment runs the hooks. Aim: under 10 s in all stages of a run together.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.bare_programs import ANALYZER, BarePrograms, seconds_of
from mlsystem.client.connection import Connection
from mlsystem.client.pipeline import ActionView, Pipeline
from mlsystem.client.project import Project
from mlsystem.client.stage_times import APPROVAL, begin_of, end_of, group_seconds, side_by_side
from tests import small_project
from tests.images import push_image
from tests.live import LiveEngine
from tests.system import System

AIM_SECONDS = 10.0
AT_ONCE = {"deployment": "AllAtOnce"}


@dataclass(frozen=True)
class Line:
    """Of actions that run side by side, or of what is between them."""

    name: str
    seconds: float
    program_seconds: float = 0.0

    @property
    def overhead(self) -> float:
        return self.seconds - self.program_seconds


def measure(runs: int) -> dict[str, list[Line]]:
    """The lines of each run, after those of what comes before the first, by title."""
    found: dict[str, list[Line]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        engine = LiveEngine(Path(name) / "engine")
        started = seconds_of(engine.start)
        try:
            system = System(engine)
            analyzer = push_image(
                engine, f"{small_project.NAME}-analyzer", {"/opt/program/mlsystem/monitor.py": ANALYZER}
            )
            created = seconds_of(lambda: system.deploy(analyzer, canary=AT_ONCE))
            found["before the first run"] = [Line("engine, ready", started), Line("system, created", created)]
            for number in range(1, runs + 1):
                execution = run(system, is_first=number == 1)
                found[f"run {number}"] = overhead_of(system, execution, Path(name) / f"bare-{number}")
        finally:
            engine.stop()
    return found


def run(system: System, is_first: bool) -> str:
    """The id of an execution that has succeeded."""
    execution = system.upload() if is_first else system.started_by(lambda: _start(system))
    system.to_production(execution)
    return execution


def _start(system: System) -> None:
    system.pipeline.start_pipeline_execution(name=small_project.NAME)


def overhead_of(system: System, execution: str, folder: Path) -> list[Line]:
    """The lines of an execution that has ended, the last that there was; its programs are started bare in `folder`."""
    connection = Connection("local", system.engine.folder)
    pipeline = Pipeline(connection, Project(small_project.PROJECT, small_project.settings()))
    actions = pipeline.execution(execution).runs
    return lines_of(actions, _bare(system, actions, folder))


def lines_of(actions: Sequence[ActionView], programs: Mapping[str, float]) -> list[Line]:
    """Actions that run side by side are one line: the time of both together."""
    groups = side_by_side(actions)
    lines = [
        Line(", ".join(action.name for action in group), group_seconds(group), _sum(group, programs))
        for group in groups
        if group[0].category != APPROVAL
    ]
    last = max(end_of(action) for action in groups[-1])
    between = (last - begin_of(groups[0][0])).total_seconds() - sum(map(group_seconds, groups))
    return [*lines, Line("between the actions", between)]


def _sum(group: Sequence[ActionView], programs: Mapping[str, float]) -> float:
    return sum(programs.get(action.name, 0.0) for action in group)


def _bare(system: System, actions: Sequence[ActionView], folder: Path) -> dict[str, float]:
    """Seconds by the action whose program it is."""
    bare = BarePrograms(folder)
    jobs, server = bare.jobs(), bare.server()
    build = next(action for action in actions if action.name == "Build/BuildTemplates")
    source = small_project.unpack(folder / "source", canary=AT_ONCE)
    return {
        build.name: bare.build(source, _build_variables(system, build.external_id, folder / "data-source")),
        "Train/TrainModel": jobs,
        "DeployDev/DeployModelDev": server,
        "DeployPrd/DeployModelPrd": server,
    }


def _build_variables(system: System, build: str, data: Path) -> dict[str, str]:
    """What the build had in its environment."""
    found = system.engine.client("codebuild").batch_get_projects(names=[build.partition(":")[0]])["projects"][0]
    zipfile.ZipFile(BytesIO(small_project.data_source(system.image, {}))).extractall(data)
    local = Connection("local", system.engine.folder).engine
    assert local is not None
    return {
        **local.environment(),
        **{item["name"]: item["value"] for item in found["environment"]["environmentVariables"]},
        "CODEBUILD_BUILD_ID": build,
        "CODEBUILD_SRC_DIR_DataSourceOutput": str(data),
    }


def table(found: Mapping[str, Sequence[Line]]) -> str:
    rows = [f"{'':50}{'seconds':>9}{'programs':>10}{'engine':>8}"]
    for title, lines in found.items():
        rows += [title, *map(_row, lines)]
        if title.startswith("run"):
            total = Line(
                "all stages together", sum(line.seconds for line in lines), sum(line.program_seconds for line in lines)
            )
            verdict = "met" if total.overhead < AIM_SECONDS else "missed"
            rows.append(f"{_row(total)}  aim: under {AIM_SECONDS:g} s: {verdict}")
    return "\n".join(rows)


def _row(line: Line) -> str:
    return f"  {line.name:48}{line.seconds:>9.2f}{line.program_seconds:>10.2f}{line.overhead:>8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.runs)
    if options.json:
        print(json.dumps({title: [vars(line) for line in lines] for title, lines in found.items()}, indent=1))
        return
    print(table(found))


if __name__ == "__main__":
    main()
