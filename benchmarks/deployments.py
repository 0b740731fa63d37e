"""Many deployments of all kinds under steady load: how many requests failed or were lost, and whether each step kept its share.

    python benchmarks/deployments.py [--deployments 50] [--time-scale 120] [--json]

One function behind a REST API asks one endpoint. Versions of the function come by all of CodeDeploy's configurations for Lambda and two
of its own, configurations of the endpoint by SageMaker's guardrails. For each step the share of the answers that the new version gave
must lie in the 99.9 % binomial interval of the plan. Exit code 1 when a request failed or more steps miss their interval than chance
makes of so many.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from mlsystem.client.share import binomial_interval
from tests.live import LiveEngine
from tests.rollouts import KINDS, Rollout, Site

# How often one step in a thousand misses its interval, at most, in all but one of a thousand runs.
MISS_SHARE, CONFIDENCE = 0.001, 0.999


def measure(count: int, time_scale: float) -> list[Rollout]:
    done = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine", time_scale=time_scale)
        engine.start()
        try:
            site = Site(engine)
            for kind in itertools.islice(itertools.cycle(KINDS.values()), count):
                done.append(site.roll_out(kind))
                print(_row(done[-1]), file=sys.stderr, flush=True)
        finally:
            engine.stop()
    return done


def _row(one: Rollout) -> str:
    steps = ", ".join(
        f"{step.counted.get(step.new, 0)}/{sum(step.counted.values())}{'' if step.is_plausible else ' !'}"
        for step in one.steps
    )
    return f"{one.kind:30}{one.requests:>8}{len(one.failed):>8}{one.seconds:>9.1f} s   {steps}"


def summary(done: Sequence[Rollout]) -> dict[str, int]:
    steps = [step for one in done for step in one.steps if step.counted]
    return {
        "deployments": len(done),
        "kinds": len({one.kind for one in done}),
        "requests": sum(one.requests for one in done),
        "failed": sum(len(one.failed) for one in done),
        "steps": len(steps),
        "steps_outside_interval": sum(not step.is_plausible for step in steps),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=50)
    parser.add_argument("--time-scale", type=float, default=120)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        print(f"{'kind':30}{'requests':>8}{'failed':>8}{'':>9}     new of all in each step", file=sys.stderr)
    found = summary(measure(options.deployments, options.time_scale))
    print(
        json.dumps(found, indent=1) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items())
    )
    allowed = binomial_interval(max(found["steps"], 1), MISS_SHARE, CONFIDENCE)[1]
    return int(found["failed"] > 0 or found["steps_outside_interval"] > allowed)


if __name__ == "__main__":
    sys.exit(main())
