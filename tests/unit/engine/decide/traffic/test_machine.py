"""Deployments, from the first hook to the last, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.traffic import (
    Action,
    AlarmPollFailed,
    AlarmsChecked,
    Begun,
    CancelTimer,
    CheckAlarms,
    Deployment,
    Event,
    HookEnded,
    InvokeHook,
    RollbackEvent,
    SetTimer,
    SetTraffic,
    StopRequested,
    TimerFired,
    TrafficFailed,
    TrafficSet,
    advance,
    config_name,
    lambda_target,
    named_config,
    new_deployment,
    overview,
)

ALL = tuple(RollbackEvent)


class Shift:
    """A deployment, what it has asked for, and an alias that does as it is told."""

    def __init__(self, config: str = "Canary10Percent5Minutes", **options: Any):
        options = {"before_hook": "pre", "after_hook": "post", "alarms": ["errors"], "rolls_back_on": ALL, **options}
        self.deployment = new_deployment(
            deployment_id="d-1",
            function_name="api",
            alias="live",
            current_version="1",
            target_version="2",
            config=named_config(config_name(config)),
            at=0.0,
            **options,
        )
        self.now = 0.0
        self.asked: list[Action] = []
        self.timers: dict[str, float] = {}
        self.traffic: list[int] = []
        self.seen: set[str] = set()

    def tell(self, event: Event) -> None:
        before = Deployment.model_validate_json(self.deployment.model_dump_json())
        step = advance(before, event, self.now)
        self.deployment = step.deployment
        for timer in step.timers:
            if isinstance(timer, CancelTimer):
                self.timers.pop(timer.name, None)
            else:
                assert isinstance(timer, SetTimer)
                self.timers[timer.name] = timer.after_seconds
        for action in step.actions:
            assert action.key not in self.seen
            self.seen.add(action.key)
            self.asked.append(action)

    def begin(self) -> Shift:
        self.tell(Begun())
        return self

    def answer(self, active: tuple[str, ...] = ()) -> None:
        """Do the oldest thing asked for, and report it."""
        action = self.asked.pop(0)
        if isinstance(action, SetTraffic):
            self.traffic.append(action.percent)
            self.tell(TrafficSet(action.key))
        elif isinstance(action, InvokeHook):
            self.tell(HookEnded(action.lifecycle_event, succeeded=True))
        else:
            self.tell(AlarmsChecked(active, action.check))

    def wait(self) -> None:
        """Let the step timer fire."""
        seconds = self.timers.pop("step")
        self.now += seconds
        self.tell(TimerFired("step"))

    def until(self, kind: type) -> Any:
        """Answer everything until something of this kind is asked for, and give it back unanswered."""
        for _ in range(100):
            if self.asked and isinstance(self.asked[0], kind):
                return self.asked[0]
            if self.asked:
                self.answer()
            else:
                self.wait()
        raise AssertionError(f"no {kind.__name__} is ever asked for")

    def finish(self) -> None:
        while not self.status_is_final:
            if self.asked:
                self.answer()
            else:
                self.wait()

    @property
    def status(self) -> str:
        return self.deployment.status.value

    @property
    def status_is_final(self) -> bool:
        return self.deployment.status.is_terminal

    def lifecycle(self) -> dict[str, str]:
        return {event.name: event.status.value for event in self.deployment.events}


def test_a_canary_goes_from_hook_to_ten_percent_to_all_to_hook() -> None:
    shift = Shift().begin()
    order: list[str] = []
    while not shift.status_is_final:
        if shift.asked:
            order.append(type(shift.asked[0]).__name__)
            shift.answer()
        else:
            order.append(f"wait {shift.timers['step']:.0f}")
            shift.wait()
    assert order == [
        "CheckAlarms",
        "InvokeHook",
        "CheckAlarms",
        "SetTraffic",
        "wait 300",
        "CheckAlarms",
        "SetTraffic",
        "InvokeHook",
        "CheckAlarms",
    ]
    assert shift.traffic == [10, 100]
    assert shift.status == "Succeeded"
    assert set(shift.lifecycle().values()) == {"Succeeded"}
    assert not shift.timers


@pytest.mark.parametrize(
    ("config", "traffic", "seconds"),
    [("AllAtOnce", [100], 0), ("Linear10PercentEvery3Minutes", list(range(10, 101, 10)), 1620)],
)
def test_every_configuration_runs_to_its_end(config: str, traffic: list[int], seconds: float) -> None:
    shift = Shift(config).begin()
    shift.finish()
    assert (shift.status, shift.traffic, shift.now) == ("Succeeded", traffic, seconds)


def test_without_hooks_and_alarms_the_traffic_moves_at_once() -> None:
    shift = Shift("AllAtOnce", before_hook=None, after_hook=None, alarms=[]).begin()
    assert isinstance(shift.asked[0], SetTraffic)
    shift.answer()
    assert shift.status == "Succeeded"
    assert shift.lifecycle() == {
        "BeforeAllowTraffic": "Skipped",
        "AllowTraffic": "Succeeded",
        "AfterAllowTraffic": "Skipped",
    }


def test_a_failed_pre_traffic_hook_ends_it_before_any_traffic() -> None:
    shift = Shift().begin()
    shift.until(InvokeHook)
    shift.tell(HookEnded("BeforeAllowTraffic", succeeded=False, reason="the new version answers 500"))
    assert shift.status == "Failed"
    assert shift.deployment.error_code == "HOOK_EXECUTION_FAILURE"
    assert shift.deployment.error_message == "The BeforeAllowTraffic hook pre failed: the new version answers 500"
    assert shift.lifecycle() == {
        "BeforeAllowTraffic": "Failed",
        "AllowTraffic": "Skipped",
        "AfterAllowTraffic": "Skipped",
    }
    assert not shift.traffic


def test_a_hook_has_an_hour() -> None:
    shift = Shift().begin()
    shift.until(InvokeHook)
    assert shift.timers == {"hook": 3600}
    shift.tell(TimerFired("hook"))
    assert shift.status == "Failed"
    assert "did not report its status within an hour" in shift.deployment.error_message


def test_a_failed_post_traffic_hook_brings_the_traffic_back_before_it_says_so() -> None:
    shift = Shift("AllAtOnce").begin()
    shift.until(SetTraffic)
    shift.answer()
    shift.until(InvokeHook)
    shift.asked.clear()
    shift.tell(HookEnded("AfterAllowTraffic", succeeded=False))
    assert shift.status == "InProgress"
    shift.answer()
    assert shift.traffic == [100, 0]
    assert (shift.status, shift.deployment.has_rolled_back, shift.deployment.percent) == ("Failed", True, 0)


def in_canary(**options: Any) -> Shift:
    shift = Shift(**options).begin()
    shift.until(SetTraffic)
    shift.answer()
    assert shift.deployment.percent == 10
    return shift


def test_an_alarm_in_the_canary_brings_the_traffic_back() -> None:
    shift = in_canary()
    shift.tell(AlarmsChecked(("errors",)))
    assert "step" not in shift.timers
    shift.answer()
    assert shift.traffic == [10, 0]
    assert (shift.status, shift.deployment.error_code) == ("Failed", "ALARM_ACTIVE")
    assert shift.deployment.error_message.endswith("Activated alarms: <errors>")
    assert shift.lifecycle()["AllowTraffic"] == "Failed"


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_an_active_alarm_is_seen_before_each_further_step(answers: int) -> None:
    shift = Shift(after_hook=None).begin()
    for _ in range(answers):
        shift.until(CheckAlarms)
        shift.answer()
    shift.until(CheckAlarms)
    shift.answer(active=("errors",))
    shift.finish()
    assert shift.status == "Failed"
    assert shift.traffic in ([], [10, 0])


def test_a_last_look_at_the_alarms_precedes_success() -> None:
    shift = Shift().begin()
    shift.until(SetTraffic)
    shift.answer()
    shift.until(SetTraffic)
    shift.answer()
    shift.until(CheckAlarms)
    shift.answer(active=("errors",))
    shift.finish()
    assert (shift.status, shift.traffic) == ("Failed", [10, 100, 0])


def test_alarms_that_cannot_be_read_count_as_firing() -> None:
    shift = in_canary()
    shift.tell(AlarmPollFailed("access denied"))
    shift.finish()
    assert (shift.status, shift.traffic) == ("Failed", [10, 0])
    assert "could not be read (access denied), so they count as activated" in shift.deployment.error_message


def test_a_group_may_choose_to_go_on_without_its_alarms() -> None:
    shift = in_canary(ignores_poll_failure=True)
    shift.wait()
    check = shift.until(CheckAlarms)
    shift.asked.clear()
    shift.tell(AlarmPollFailed("access denied", check.check))
    shift.finish()
    assert (shift.status, shift.traffic) == ("Succeeded", [10, 100])


@pytest.mark.parametrize(
    ("configured", "asked", "traffic"),
    [(ALL, None, [10, 0]), ((), None, [10]), (ALL, False, [10]), ((), True, [10, 0])],
)
def test_a_stop_brings_the_traffic_back_if_asked_for(configured: Any, asked: bool | None, traffic: list[int]) -> None:
    shift = in_canary(rolls_back_on=configured)
    shift.tell(StopRequested(asked))
    shift.finish()
    assert (shift.status, shift.deployment.error_code, shift.traffic) == ("Stopped", "MANUAL_STOP", traffic)


def test_a_group_that_does_not_roll_back_leaves_the_traffic_where_it_is() -> None:
    shift = in_canary(rolls_back_on=[])
    shift.tell(AlarmsChecked(("errors",)))
    assert (shift.status, shift.traffic, shift.deployment.percent) == ("Failed", [10], 10)


def test_traffic_that_cannot_be_shifted_fails_the_deployment() -> None:
    shift = Shift().begin()
    action = shift.until(SetTraffic)
    shift.asked.clear()
    shift.tell(TrafficFailed(action.key, "version 2 does not exist"))
    shift.finish()
    assert (shift.status, shift.deployment.error_code) == ("Failed", "INVALID_LAMBDA_FUNCTION")


def test_a_deployment_stopped_within_a_step_ends_with_the_share_that_the_step_gave() -> None:
    shift = Shift().begin()
    shift.until(SetTraffic)
    shift.tell(StopRequested(rolls_back=False))
    assert not shift.status_is_final
    shift.answer()
    assert (shift.status, shift.traffic, shift.deployment.percent) == ("Stopped", [10], 10)
    assert not shift.deployment.has_rolled_back


def test_a_deployment_stopped_within_a_step_that_fails_ends_with_what_was() -> None:
    shift = Shift(rolls_back_on=()).begin()
    action = shift.until(SetTraffic)
    shift.asked.clear()
    shift.tell(StopRequested())
    shift.tell(TrafficFailed(action.key, "version 2 does not exist"))
    assert (shift.status, shift.deployment.percent) == ("Stopped", 0)
    assert shift.lifecycle()["AllowTraffic"] == "Failed"


def test_traffic_that_cannot_be_shifted_ends_a_deployment_that_does_not_go_back() -> None:
    shift = Shift(rolls_back_on=()).begin()
    action = shift.until(SetTraffic)
    shift.asked.clear()
    shift.tell(TrafficFailed(action.key, "version 2 does not exist"))
    assert (shift.status, shift.deployment.error_code) == ("Failed", "INVALID_LAMBDA_FUNCTION")


def test_traffic_that_cannot_be_brought_back_is_told() -> None:
    shift = in_canary()
    shift.tell(StopRequested())
    shift.tell(TrafficFailed(shift.asked[0].key, "the alias is gone"))
    assert shift.status == "Stopped"
    assert not shift.deployment.has_rolled_back
    assert shift.deployment.error_message.endswith("And the traffic could not be brought back: the alias is gone")


def test_the_target_shows_weights_events_and_times() -> None:
    shift = Shift().begin()
    shift.now = 5.0
    shift.until(SetTraffic)
    shift.answer()
    target = lambda_target(shift.deployment)
    assert target["status"] == "InProgress"
    assert target["lambdaFunctionInfo"] == {
        "functionName": "api",
        "functionAlias": "live",
        "currentVersion": "1",
        "targetVersion": "2",
        "targetVersionWeight": 0.1,
    }
    before, allow, after = target["lifecycleEvents"]
    assert before == {
        "lifecycleEventName": "BeforeAllowTraffic",
        "status": "Succeeded",
        "startTime": 5.0,
        "endTime": 5.0,
        "diagnostics": {"errorCode": "Success", "scriptName": "pre", "message": ""},
    }
    assert allow == {"lifecycleEventName": "AllowTraffic", "status": "InProgress", "startTime": 5.0}
    assert after == {"lifecycleEventName": "AfterAllowTraffic", "status": "Pending"}
    assert overview(shift.deployment)["InProgress"] == 1


events = st.one_of(
    st.just(Begun()),
    st.builds(HookEnded, st.sampled_from(["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]), st.booleans()),
    st.builds(TrafficSet, st.sampled_from(["d-1/traffic/0", "d-1/traffic/1", "d-1/traffic/back"])),
    st.builds(TrafficFailed, st.sampled_from(["d-1/traffic/0", "d-1/traffic/back"]), st.just("no")),
    st.builds(AlarmsChecked, st.sampled_from([(), ("errors",)]), st.sampled_from([None, 1, 2, 3])),
    st.builds(AlarmPollFailed, st.just("no"), st.sampled_from([None, 1, 2])),
    st.builds(TimerFired, st.sampled_from(["step", "hook"])),
    st.builds(StopRequested, st.sampled_from([None, True, False])),
)


@given(st.lists(st.tuples(st.booleans(), events), max_size=20))
def test_whatever_happens_in_whatever_order_it_ends_with_the_traffic_where_it_says(
    story: list[tuple[bool, Event]],
) -> None:
    shift = Shift()
    for is_proper, event in story:
        if is_proper and shift.asked:
            shift.answer()
        elif not isinstance(event, TrafficSet | TrafficFailed):
            shift.tell(event)
    shift.begin()
    for _ in range(50):
        if shift.asked:
            shift.answer()
        elif "step" in shift.timers:
            shift.wait()
        elif "hook" in shift.timers:
            shift.timers.pop("hook")
            shift.tell(TimerFired("hook"))
    assert shift.status_is_final
    if shift.status == "Succeeded":
        assert shift.traffic[-1] == 100
    assert shift.deployment.percent == (shift.traffic[-1] if shift.traffic else 0)
