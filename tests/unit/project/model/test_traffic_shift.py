"""What `canary.deployment` names becomes parameters of the production stage, or is refused by its name."""

from __future__ import annotations

import pytest
from build_error import BuildError
from traffic_shift import CODEDEPLOYS_OWN, shift_parameters

from mlsystem.engine.decide.traffic import plan, read_config
from mlsystem.engine.decide.traffic.config import CONFIGS, PREFIX


def test_what_codedeploy_has_itself_stays_what_it_is() -> None:
    assert {PREFIX + name for name in CODEDEPLOYS_OWN} == set(CONFIGS)
    for name in CODEDEPLOYS_OWN:
        told = shift_parameters(name)
        assert told == {"DeploymentType": name, "ShiftType": "", "ShiftPercent": "", "ShiftMinutes": ""}


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("Canary5Percent1Minute", ("Canary", "5", "1")),
        ("Canary10Percent6Minutes", ("Canary", "10", "6")),
        ("Canary99Percent2880Minutes", ("Canary", "99", "2880")),
        ("Linear25PercentEvery1Minute", ("Linear", "25", "1")),
        ("Linear1PercentEvery29Minutes", ("Linear", "1", "29")),
        ("Linear99PercentEvery2880Minutes", ("Linear", "99", "2880")),
    ],
)
def test_other_steps_are_told_in_numbers(name: str, steps: tuple[str, str, str]) -> None:
    told = shift_parameters(name)
    assert told["DeploymentType"] == "Custom"
    assert (told["ShiftType"], told["ShiftPercent"], told["ShiftMinutes"]) == steps


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Custom",
        "canary5percent1minute",
        "Canary0Percent5Minutes",
        "Canary100Percent5Minutes",
        "Canary05Percent5Minutes",
        "Canary5Percent0Minutes",
        "Canary5Percent1Minutes",
        "Canary5PercentEvery5Minutes",
        "Linear5Percent5Minutes",
        "Linear10PercentEvery10Minutes ",
    ],
)
def test_what_is_no_way_to_move_traffic_is_refused_by_the_settings_name(name: str) -> None:
    with pytest.raises(BuildError, match=r"^canary\.deployment: .* is not AllAtOnce"):
        shift_parameters(name)


@pytest.mark.parametrize(
    ("name", "minutes"), [("Linear1PercentEvery30Minutes", 2970), ("Canary5Percent2881Minutes", 2881)]
)
def test_steps_that_codedeploy_does_not_wait_for_are_refused(name: str, minutes: int) -> None:
    with pytest.raises(BuildError, match=rf"canary\.deployment: {name} takes {minutes} minutes"):
        shift_parameters(name)


@pytest.mark.parametrize("percent", [1, 3, 33, 50, 99])
def test_the_time_is_that_of_the_last_step(percent: int) -> None:
    steps = plan(
        read_config(
            "x", {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": percent, "linearInterval": 1}}
        )
    )
    longest = int(2880 * 60 // (steps[-1].offset_seconds))
    shift_parameters(f"Linear{percent}PercentEvery{longest}Minute{'' if longest == 1 else 's'}")
    if longest < 2880:
        with pytest.raises(BuildError, match="takes"):
            shift_parameters(f"Linear{percent}PercentEvery{longest + 1}Minutes")
