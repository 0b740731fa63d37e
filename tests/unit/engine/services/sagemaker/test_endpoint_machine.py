"""The endpoint machine, by itself: what follows from each event."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.durable.machine import Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.endpoint import Deployment, Endpoint, EndpointStatus, Instance, Phase, Variant
from mlsystem.engine.services.sagemaker.endpoint_machine import MOST_FAILED_STARTS, EndpointMachine


def _deployment(number: int, *variants: tuple[str, int]) -> Deployment:
    made = tuple(
        Variant(name=name, model_name="m", model={"ExecutionRoleArn": "arn:aws:iam::1:role/r"}, count=count)
        for name, count in variants
    )
    return Deployment(number=number, config_name=f"config-{number}", variants=made)


class World:
    """One endpoint, what was asked of the world since last looked at, and the events that answer it."""

    def __init__(self, *variants: tuple[str, int]):
        self.machine = EndpointMachine()
        self.at = 1000.0
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.timers: dict[str, SetTimer] = {}
        self.topics: list[str] = []
        self.told: list[dict[str, Any]] = []
        self._ids = (f"i-{number}" for number in range(1, 100))
        deployment = _deployment(1, *(variants or (("A", 1),)))
        fresh = Endpoint(key="e", arn="arn:e", deployments=(deployment,), created_at=self.at)
        self.record: Endpoint | None = fresh
        self._take(self.machine.begin(fresh, self.ids(10), self.at))

    def ids(self, count: int) -> list[str]:
        return [next(self._ids) for _ in range(count)]

    @property
    def endpoint(self) -> Endpoint:
        assert self.record is not None
        return self.record

    def send(self, name: str, **data: Any) -> None:
        self._take(self.machine.advance(self.endpoint, Event(name, data), self.at))

    def tell(self, name: str, instance: Instance, **data: Any) -> None:
        self.send(name, instance=instance.id, attempt=instance.attempt, **data)

    def fire(self, name: str) -> None:
        timer = self.timers.pop(name)
        self.send("timer", timer=name, **timer.data)

    def _take(self, step: Step[Endpoint]) -> None:
        self.record = step.record
        self.seen += [(action.name.split(".")[1], dict(action.data)) for action in step.actions]
        for timer in step.timers:
            if isinstance(timer, SetTimer):
                self.timers[timer.name] = timer
            else:
                self.timers.pop(timer.name, None)
        self.told += [dict(notice.data) for notice in step.notices]
        self.topics += [f"{notice.topic}:{notice.data.get('status', '')}" for notice in step.notices]

    def asked(self) -> list[str]:
        names = [name for name, _ in self.seen]
        self.seen = []
        return names

    def instances(self, phase: Phase) -> list[Instance]:
        return [one for one in self.endpoint.instances if one.phase is phase]

    def make_healthy(self) -> None:
        for instance in self.instances(Phase.STARTING):
            self.tell("instance_started", instance)
            self.tell("instance_healthy", instance)

    def settle(self) -> None:
        self.send("door_settled", round=self.endpoint.door_round)

    def in_service(self) -> World:
        self.make_healthy()
        self.settle()
        self.asked()
        assert self.endpoint.state == EndpointStatus.IN_SERVICE
        return self

    def update(self, *variants: tuple[str, int]) -> None:
        number = max(one.number for one in self.endpoint.deployments) + 1
        deployment = _deployment(number, *(variants or (("A", 1),)))
        self.send("update_requested", deployment=deployment.model_dump(mode="json"), ids=self.ids(10))

    def resize(self, **counts: int) -> None:
        shown = self.endpoint.shown
        variants = tuple(one.model_copy(update={"count": counts.get(one.name, one.count)}) for one in shown.variants)
        changed = shown.model_copy(update={"variants": variants})
        self.send("capacity_requested", deployment=changed.model_dump(mode="json"), ids=self.ids(10))


def test_a_new_endpoint_starts_every_instance_of_every_variant() -> None:
    world = World(("A", 2), ("B", 1))
    assert world.asked() == ["start_instance"] * 3
    assert [one.variant for one in world.endpoint.instances] == ["A", "A", "B"]


def test_it_is_in_service_only_after_the_door_has_followed() -> None:
    world = World()
    world.make_healthy()
    assert world.endpoint.state == EndpointStatus.CREATING
    assert world.asked() == ["start_instance", "settle_door"]
    world.settle()
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.topics[-1] == "sagemaker.endpoint.settled:InService"


def test_it_waits_for_the_last_instance() -> None:
    world = World(("A", 2))
    world.tell("instance_healthy", world.endpoint.instances[0])
    assert not world.endpoint.serving


def test_old_instances_are_stopped_after_the_door_followed_and_they_are_drained() -> None:
    world = World().in_service()
    old = world.endpoint.instances[0]
    world.update()
    assert world.asked() == ["start_instance"]
    assert world.endpoint.routed(world.endpoint.serving, "A") == [old]
    world.make_healthy()
    assert world.instances(Phase.LEAVING)[0].id == old.id
    assert world.asked() == ["settle_door"]
    world.settle()
    assert world.asked() == ["drain_instance"]
    world.tell("instance_drained", old)
    assert world.asked() == ["stop_instance"]
    world.tell("instance_exited", old, how="stopped", reason="")
    assert world.asked() == ["clear_instance"]
    assert [one.deployment for one in world.endpoint.instances] == [2]
    assert [one.number for one in world.endpoint.deployments] == [2]


def test_an_answer_of_the_door_about_an_older_round_is_not_enough() -> None:
    world = World().in_service()
    world.update()
    before = world.endpoint.door_round
    world.make_healthy()
    world.send("door_settled", round=before)
    assert world.endpoint.state == EndpointStatus.UPDATING


def test_an_update_whose_instances_never_become_healthy_leaves_what_was() -> None:
    world = World().in_service()
    old = world.endpoint.instances[0]
    world.update()
    new = world.instances(Phase.STARTING)[0]
    world.tell("instance_started", new)
    world.fire(f"health/{new.id}")
    world.tell("instance_unhealthy", new, reason="no answer")
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.endpoint.failure_reason == "no answer"
    assert world.endpoint.shown.config_name == "config-1"
    assert world.endpoint.routed(world.endpoint.serving, "A") == [old]
    assert world.asked() == ["start_instance", "check_instance", "stop_instance"]


def test_the_time_to_become_healthy_is_an_instant_that_no_time_scale_shortens() -> None:
    world = World()
    world.tell("instance_started", world.endpoint.instances[0])
    assert world.timers["health/i-1"].at == world.at + 600
    assert world.timers["health/i-1"].after_seconds is None


def test_a_first_start_is_tried_thrice_then_the_endpoint_has_failed() -> None:
    world = World()
    for attempt in range(1, MOST_FAILED_STARTS + 1):
        assert world.endpoint.state == EndpointStatus.CREATING
        instance = world.endpoint.instances[0]
        assert instance.attempt == attempt
        world.tell("instance_exited", instance, how="exited", reason="exit code 3")
        if attempt < MOST_FAILED_STARTS:
            world.fire(f"restart/{instance.id}")
    assert world.endpoint.state == EndpointStatus.FAILED
    assert world.endpoint.failure_reason == "exit code 3"
    assert world.endpoint.instances == ()


def test_a_crashed_instance_is_out_of_the_routing_at_once_and_started_again() -> None:
    world = World(("A", 2)).in_service()
    crashed, other = world.endpoint.instances
    world.at += 60
    world.tell("instance_exited", crashed, how="exited", reason="")
    assert world.endpoint.routed(world.endpoint.serving, "A") == [other]
    assert world.asked() == ["settle_door"]
    assert world.timers[f"restart/{crashed.id}"].after_seconds == 0.0
    world.fire(f"restart/{crashed.id}")
    again = world.endpoint.instance(crashed.id)
    assert again is not None
    assert again.attempt == 2
    world.tell("instance_healthy", again)
    assert len(world.endpoint.routed(world.endpoint.serving, "A")) == 2


def test_one_that_keeps_crashing_is_given_growing_pauses_but_never_up() -> None:
    world = World().in_service()
    pauses = []
    for _ in range(10):
        instance = world.endpoint.instances[0]
        world.tell("instance_exited", instance, how="exited", reason="")
        pauses.append(world.timers[f"restart/{instance.id}"].after_seconds)
        world.fire(f"restart/{instance.id}")
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]
    assert world.endpoint.state == EndpointStatus.IN_SERVICE


def test_an_end_of_a_process_of_before_is_nobodys() -> None:
    world = World().in_service()
    instance = world.endpoint.instances[0]
    world.tell("instance_exited", instance, how="exited", reason="")
    before = world.endpoint
    world.tell("instance_exited", instance, how="exited", reason="")
    assert world.endpoint == before


def test_a_restart_of_the_machine_is_not_the_programs_fault() -> None:
    world = World().in_service()
    world.tell("instance_exited", world.endpoint.instances[0], how="lost", reason="")
    assert world.endpoint.instances[0].failures == 0


def test_more_instances_join_and_fewer_leave_drained() -> None:
    world = World().in_service()
    world.resize(A=3)
    assert world.endpoint.state == EndpointStatus.UPDATING
    assert world.asked() == ["start_instance"] * 2
    world.make_healthy()
    world.settle()
    assert (world.endpoint.state, len(world.endpoint.routed(world.endpoint.serving, "A"))) == (
        EndpointStatus.IN_SERVICE,
        3,
    )
    world.asked()
    world.resize(A=1)
    assert [one.id for one in world.endpoint.routed(world.endpoint.serving, "A")] == ["i-1"]
    world.settle()
    assert world.asked() == ["settle_door", "drain_instance", "drain_instance"]
    assert world.endpoint.state == EndpointStatus.IN_SERVICE


def test_instances_that_cannot_be_added_leave_the_count_as_it_was() -> None:
    world = World().in_service()
    world.resize(A=2)
    world.tell("action_failed", world.instances(Phase.STARTING)[0], code="ClientError", reason="no image")
    assert world.endpoint.state == EndpointStatus.IN_SERVICE
    assert world.endpoint.failure_reason == "ClientError: no image"
    assert world.endpoint.shown.variant("A").count == 1


def test_a_deleted_endpoint_is_gone_when_its_last_process_is_and_its_data_is_shipped() -> None:
    world = World().in_service()
    instance = world.endpoint.instances[0]
    world.send("delete_requested")
    assert world.endpoint.routed(world.endpoint.serving, "A") == []
    world.settle()
    world.tell("instance_drained", instance)
    assert world.asked() == ["settle_door", "drain_instance", "stop_instance"]
    world.tell("instance_exited", instance, how="stopped", reason="")
    assert world.asked() == ["clear_instance", "ship_captured"]
    world.send("shipped")
    assert world.record is None
    assert world.topics[-1] == "sagemaker.endpoint.settled:Deleted"


@pytest.mark.parametrize("phase", ["starting", "waiting", "leaving"])
def test_an_endpoint_can_be_deleted_whatever_its_instances_do(phase: str) -> None:
    world = World()
    if phase == "waiting":
        world.tell("instance_exited", world.endpoint.instances[0], how="exited", reason="")
    if phase == "leaving":
        world.in_service()
        world.update()
        world.make_healthy()
    world.send("delete_requested")
    world.settle()
    for instance in world.instances(Phase.DRAINING):
        world.tell("instance_drained", instance)
    for instance in world.instances(Phase.STOPPING):
        world.tell("instance_exited", instance, how="stopped", reason="")
    assert world.endpoint.instances == ()
    assert "ship_captured" in world.asked()


def test_an_instance_that_fell_sick_gets_no_requests_and_another_process() -> None:
    world = World(("A", 2)).in_service()
    sick, well = world.endpoint.instances
    world.tell("instance_sick", sick)
    assert world.asked() == ["stop_instance", "settle_door"]
    assert [one.id for one in world.endpoint.routed(1, "A")] == [well.id]
    world.settle()
    world.tell("instance_exited", sick, how="stopped", reason="it was sick")
    world.fire(f"restart/{sick.id}")
    assert world.asked() == ["start_instance"]
    world.make_healthy()
    assert [one.id for one in world.endpoint.routed(1, "A")] == [sick.id, well.id]
    assert world.endpoint.state == EndpointStatus.IN_SERVICE


def test_sickness_of_one_that_leaves_anyway_or_of_a_process_of_before_means_nothing() -> None:
    world = World(("A", 2)).in_service()
    first = world.endpoint.instances[0]
    world.send("instance_sick", instance=first.id, attempt=first.attempt + 1)
    world.resize(A=1)
    [leaving] = world.instances(Phase.LEAVING)
    world.tell("instance_sick", leaving)
    assert world.instances(Phase.LEAVING) == [leaving]
    assert "stop_instance" not in world.asked()
