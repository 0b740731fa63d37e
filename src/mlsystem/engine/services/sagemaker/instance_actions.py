"""Does in the world what the endpoint machine decided: start, check, drain, stop, clear, and have the front door follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from mlsystem.engine.contract import House, Part
from mlsystem.engine.dataplane import state as door
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Event, Json
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.runtime.errors import InvalidProcess, SandboxUnavailable
from mlsystem.engine.runtime.process import Exited, Running
from mlsystem.engine.runtime.workload import Machinery, log_closed, log_opened
from mlsystem.engine.services.sagemaker.endpoint import Deployment, Endpoint, EndpointStatus, Instance, Phase, Variant
from mlsystem.engine.services.sagemaker.endpoint_rollout import CHECK_ALARMS
from mlsystem.engine.services.sagemaker.instance_process import InstanceProcess
from mlsystem.engine.services.sagemaker.instance_watch import InstanceWatch, ping
from mlsystem.engine.store.database import Transaction

OWNER = "endpoint-instance"
# How long an engine that ends in good order waits for its instances to end.
END_SECONDS = 5.0
_POLL_SECONDS = 0.02


class InstanceActions(Part):
    """Every action may be repeated; those about a process that is not the instance's any more do nothing."""

    def __init__(self, house: House, machinery: Machinery, keeper: DoorKeeper):
        self._house = house
        self._machinery = machinery
        self._keeper = keeper
        self._process = InstanceProcess(house, machinery)
        self._watch = InstanceWatch()

    def actions(self) -> Mapping[str, ActionHandler]:
        return {
            "sagemaker.start_instance": self._start,
            "sagemaker.check_instance": self._check,
            "sagemaker.drain_instance": self._drain,
            "sagemaker.stop_instance": self._stop,
            "sagemaker.clear_instance": self._clear,
            "sagemaker.settle_door": self._settle,
            CHECK_ALARMS: self._check_alarms,
        }

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudwatch.alarm.changed": self._on_alarm}

    def start(self) -> None:
        """Serve what served before, and go on waiting for what was waited for."""
        self._keeper.endpoints_from(self.routes)
        self._machinery.exits.subscribe(OWNER, self._on_exit)
        for endpoint, instance in self._all():
            if instance.phase is Phase.STARTING:
                self._await_health(endpoint, instance)
            elif instance.phase is Phase.SERVING:
                self._await_sickness(endpoint, instance)
            elif instance.phase is Phase.DRAINING:
                self._await_drained(endpoint, instance)

    def is_restored(self) -> bool:
        return all(
            instance.phase is Phase.SERVING and self._is_running(endpoint.process_id(instance))
            for endpoint, instance in self._all()
            if instance.lives and instance.healthy_at is not None
        )

    def stop(self) -> None:
        """An engine that ends in good order takes its instances along; the next one starts them again."""
        self._watch.stop()
        ids = [endpoint.process_id(instance) for endpoint, instance in self._all()]
        running = [one for one in ids if self._is_running(one)]
        for process_id in running:
            self._machinery.runner.stop(process_id, "the engine ends")
        deadline = time.monotonic() + END_SECONDS
        while running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            running = [one for one in running if self._is_running(one)]

    def routes(self, tx: Transaction) -> Iterator[door.Endpoint]:
        """What the front door is to serve."""
        for endpoint in tx.all(Endpoint):
            if not endpoint.serving or endpoint.state == EndpointStatus.DELETING:
                continue
            serving = endpoint.deployment(endpoint.serving)
            fleets = [(serving, 1 - endpoint.share), (endpoint.deployment(endpoint.target), endpoint.share)]
            variants = tuple(
                self._routed(endpoint, fleet, variant, part * variant.weight)
                for fleet, share in fleets
                if share > 0
                for part in [share / sum(one.weight for one in fleet.production)]
                for variant in fleet.production
            )
            copied = self._shadow(endpoint, serving)
            yield door.Endpoint(endpoint.key, variants, is_captured=serving.is_captured, shadow=copied)

    def _shadow(self, endpoint: Endpoint, serving: Deployment) -> door.Shadow | None:
        """Its weight says which part of the requests is copied, beside that of the production variant."""
        if serving.shadow is None:
            return None
        part = min(1.0, serving.shadow.weight / serving.production[0].weight)
        return door.Shadow(self._routed(endpoint, serving, serving.shadow, serving.shadow.weight), part)

    def _routed(self, endpoint: Endpoint, fleet: Deployment, variant: Variant, weight: float) -> door.Variant:
        instances = endpoint.routed(fleet.number, variant.name)
        sockets = tuple(str(self._process.socket(one)) for one in instances)
        return door.Variant(variant.name, weight, sockets, str(fleet.number))

    # ------------------------------------------------------------------ actions
    def _start(self, call: ActionCall) -> Event | None:
        endpoint, instance = self._find(call)
        if endpoint is None or instance is None:
            return None
        variant = endpoint.deployment(instance.deployment).variant(instance.variant)
        staged = self._process.stage(endpoint, instance, variant)
        try:
            spec = self._process.spec(endpoint, instance, variant, staged)
        except InvalidProcess as error:
            raise ActionFailed(str(error)) from error
        with self._house.database.transaction() as tx:
            group, stream = f"/aws/sagemaker/Endpoints/{endpoint.key}", f"{instance.variant}/{instance.id}"
            self._house.worker.notify(tx, endpoint.kind, endpoint.key, log_opened(group, stream, spec.log.path))
            self._close_log(tx, endpoint, instance.model_copy(update={"attempt": instance.attempt - 1}))
        # Before the start: its end, which may come at once and ends the waiting, is told after this.
        self._await_health(endpoint, instance)
        try:
            self._machinery.runner.start(spec)
        except (InvalidProcess, SandboxUnavailable) as error:
            self._watch.forget(_health_key(instance.id, instance.attempt))
            raise ActionFailed(str(error)) from error
        return Event("instance_started", call.data)

    def _check(self, call: ActionCall) -> Event | None:
        """The time to become healthy is over: a last look."""
        endpoint, instance = self._find(call)
        if endpoint is None or instance is None:
            return None
        if ping(self._process.socket(instance)):
            return Event("instance_healthy", call.data)
        return Event("instance_unhealthy", {**call.data, "reason": self._reason(endpoint, instance)})

    def _drain(self, call: ActionCall) -> None:
        endpoint, instance = self._find(call)
        if endpoint is not None and instance is not None:
            self._await_drained(endpoint, instance)

    def _stop(self, call: ActionCall) -> None:
        endpoint, instance = self._find(call)
        if endpoint is not None and instance is not None:
            self._watch.forget(_health_key(instance.id, instance.attempt))
            self._machinery.runner.stop(endpoint.process_id(instance), "the instance was taken out of service")

    def _clear(self, call: ActionCall) -> None:
        """The record does not know the instance any more, so what was it is put together from the call."""
        instance = Instance(id=call.data["instance"], attempt=call.data["attempt"], deployment=0, variant="")
        endpoint = Endpoint(key=call.owner_key, arn="", deployments=())
        self._forget(instance.id, instance.attempt)
        self._process.clear(endpoint, instance)
        with self._house.database.transaction() as tx:
            self._close_log(tx, endpoint, instance)

    def _settle(self, call: ActionCall) -> Event:
        self._keeper.settle()
        return Event("door_settled", call.data)

    def _check_alarms(self, call: ActionCall) -> Event:
        """What cannot be looked at is told as such."""
        wanted, step = call.data["alarms"], {"step": call.data["step"], "is_last": call.data["is_last"]}
        try:
            answer = self._house.call("cloudwatch", "DescribeAlarms", {"AlarmNames": wanted})
        except AwsError as error:
            return Event("alarms_checked", {**step, "active": [], "unreadable": error.message})
        states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}
        missing = [f"there is no alarm {name}" for name in wanted if name not in states]
        active = [name for name in wanted if states.get(name) == "ALARM"]
        return Event("alarms_checked", {**step, "active": active, "unreadable": "; ".join(missing)})

    def _on_alarm(self, tx: Transaction, topic: str, data: Json) -> None:
        if data["state"] != "ALARM":
            return
        for endpoint in tx.all(Endpoint, state=EndpointStatus.UPDATING):
            if endpoint.rollout and data["name"] in endpoint.deployment(endpoint.target).guardrail.alarms:
                self._house.worker.send(tx, Endpoint, endpoint.key, Event("alarm_raised", {"alarm": data["name"]}))

    # ------------------------------------------------------------------ what instances do by themselves
    def _await_health(self, endpoint: Endpoint, instance: Instance) -> None:
        tell = self._teller(endpoint, instance, "instance_healthy")

        def told() -> None:
            tell()
            self._await_sickness(endpoint, instance)

        self._watch.until_healthy(_health_key(instance.id, instance.attempt), self._process.socket(instance), told)

    def _await_sickness(self, endpoint: Endpoint, instance: Instance) -> None:
        told = self._teller(endpoint, instance, "instance_sick")
        self._watch.until_sick(_sickness_key(instance.id, instance.attempt), self._process.socket(instance), told)

    def _await_drained(self, endpoint: Endpoint, instance: Instance) -> None:
        told = self._teller(endpoint, instance, "instance_drained")
        self._watch.until_drained(f"drain/{instance.id}", self._process.socket(instance), told)

    def _forget(self, instance_id: str, attempt: int) -> None:
        for key in (_health_key(instance_id, attempt), _sickness_key(instance_id, attempt)):
            self._watch.forget(key)

    def _teller(self, endpoint: Endpoint, instance: Instance, name: str) -> Callable[[], None]:
        data = {"instance": instance.id, "attempt": instance.attempt}

        def tell() -> None:
            with self._house.database.transaction() as tx:
                self._house.worker.send(tx, Endpoint, endpoint.key, Event(name, data))

        return tell

    def _on_exit(self, process_id: str, how: Exited) -> None:
        _, name, instance_id, attempt = process_id.split(".")
        self._forget(instance_id, int(attempt))
        with self._house.database.transaction() as tx:
            endpoint = tx.get(Endpoint, name)
            instance = endpoint.instance(instance_id) if endpoint else None
            if endpoint is None or instance is None or instance.attempt != int(attempt):
                return
            reason = f"{self._reason(endpoint, instance)} It ended: {_ending(how)}."
            data = {"instance": instance_id, "attempt": int(attempt), "how": how.reason, "reason": reason}
            self._house.worker.send(tx, Endpoint, name, Event("instance_exited", data))

    def _reason(self, endpoint: Endpoint, instance: Instance) -> str:
        """SageMaker's words, and those of the program."""
        words = self._process.last_lines(endpoint, instance)
        return (
            f"The primary container for production variant {instance.variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. "
            f"{f'Its last log lines: {words}' if words else 'It wrote no log.'}"
        )

    # ------------------------------------------------------------------ records
    def _find(self, call: ActionCall) -> tuple[Endpoint | None, Instance | None]:
        """The instance, if the action is about the process that it has now."""
        with self._house.database.reading() as tx:
            endpoint = tx.get(Endpoint, call.owner_key)
        instance = endpoint.instance(call.data["instance"]) if endpoint else None
        if instance is not None and instance.attempt != call.data["attempt"]:
            instance = None
        return endpoint, instance

    def _is_running(self, process_id: str) -> bool:
        return isinstance(self._machinery.runner.status(process_id), Running)

    def _all(self) -> list[tuple[Endpoint, Instance]]:
        with self._house.database.reading() as tx:
            return [(endpoint, instance) for endpoint in tx.all(Endpoint) for instance in endpoint.instances]

    def _close_log(self, tx: Transaction, endpoint: Endpoint, instance: Instance) -> None:
        path = self._process.log_path(endpoint, instance)
        self._house.worker.notify(tx, endpoint.kind, endpoint.key, log_closed(path))


def _health_key(instance_id: str, attempt: int) -> str:
    return f"health/{instance_id}.{attempt}"


def _sickness_key(instance_id: str, attempt: int) -> str:
    return f"sickness/{instance_id}.{attempt}"


def _ending(how: Exited) -> str:
    if how.reason == "memory_limit":
        return f"{how.message}, which is what its instance type has"
    if how.signal is not None:
        return f"signal {how.signal}"
    return f"exit code {how.exit_code}" if how.exit_code is not None else how.message or how.reason
