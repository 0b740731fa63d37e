"""Under steady load through the REST API each kind of deployment keeps its plan, and no request fails or is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import LiveEngine
from tests.rollouts import KINDS, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    live = LiveEngine(tmp_path_factory.mktemp("rollouts"), time_scale=60)
    live.start()
    yield Site(live)
    live.stop()


# One of each kind; those that differ in minutes alone, the benchmark has.
@pytest.mark.parametrize(
    "name",
    [
        "AllAtOnce",
        "Canary10Percent5Minutes",
        "Linear10PercentEvery1Minute",
        "Canary25Percent2Minutes",
        "Linear30PercentEvery1Minute",
        "guardrail, all at once",
        "guardrail, canary",
        "guardrail, linear",
        "guardrail, rolling",
    ],
)
def test_each_kind_keeps_its_plan_and_loses_no_request(site: Site, name: str) -> None:
    done = site.roll_out(KINDS[name])
    assert done.failed == ()
    assert all(step.is_plausible for step in done.steps), done.steps
    # On a busy machine a step has few requests; one without any would show nothing.
    assert all(sum(step.counted.values()) > 3 for step in done.steps[:-1]), done.steps
