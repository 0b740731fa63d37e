"""Where the traffic of a name goes: the versions behind it, each with a host that runs, and the share of each.

Who sends requests past the engine (the front door, for API Gateway) learns of a change only when the hosts of all versions in it accept
requests: notice `lambda.target.routed`, with `{"target", "versions": [[version, share, socket]...]}`. A socket is named by its path below
the data folder, which may be moved while no engine runs on it. A target is `name`, `name:version` or `name:alias`. Aliases are followed
from their creation on; other targets since somebody asked, by the notice `lambda.target.wanted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Action, Event, Json, Machine, Notice, Step
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.lambda_.directory import Runnable, runnable, shares_of
from mlsystem.engine.services.lambda_.function import FUNCTION_SETTLED, AliasRecord
from mlsystem.engine.services.lambda_.hosts import HostRecord, Hosts
from mlsystem.engine.services.lambda_.names import with_qualifier
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

ROUTE = "lambda.route_target"
TARGET_ROUTED = "lambda.target.routed"
TARGET_WANTED = "lambda.target.wanted"


class TargetRecord(Record):
    """`key` is the target, `parent` its function; `revision` counts the changes that are to be followed."""

    kind: ClassVar[str] = "lambda.target"
    revision: int = 0
    versions: tuple[tuple[str, float, str], ...] = ()


class TargetMachine:
    """`changed` asks for the hosts, `routed` tells of them; a target that is gone has none."""

    model = TargetRecord

    def advance(self, record: TargetRecord, event: Event, at: float) -> Step[TargetRecord]:
        match event.name:
            case "changed":
                changed = record.changed(revision=record.revision + 1, state="Routing")
                return Step(changed, actions=(Action(ROUTE, key=f"{record.key}/{changed.revision}"),))
            case "routed":
                versions = tuple((version, share, socket) for version, share, socket in event.data["versions"])
                routed = record.changed(state="Routed", versions=versions) if versions else None
                data = {"target": record.key, "versions": versions}
                return Step(routed, notices=(Notice(TARGET_ROUTED, data),))
            case _:
                return Step(record)


class Routing(Part):
    """Keeps the hosts of targets running."""

    def __init__(self, house: House, hosts: Hosts):
        self._house = house
        self._hosts = hosts
        self._machine = TargetMachine()

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {ROUTE: self._route}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {
            TARGET_WANTED: self._on_wanted,
            FUNCTION_SETTLED: self._on_changed,
            "lambda.function.deleted": self._on_changed,
        }

    def follow(self, tx: Transaction, target: str) -> None:
        """The target is new, has changed or is gone."""
        if tx.get(TargetRecord, target) is None:
            tx.add(TargetRecord(key=target, parent=target.partition(":")[0]))
        self._house.worker.send(tx, TargetRecord, target, Event("changed"))

    # ------------------------------------------------------------------ inner
    def _on_wanted(self, tx: Transaction, topic: str, data: Json) -> None:
        """Somebody wants to send requests to it: told at once where it is routed already."""
        known = tx.get(TargetRecord, data["target"])
        if known is not None and known.state == "Routed":
            found = {"target": known.key, "versions": known.versions}
            self._house.worker.notify(tx, known.kind, known.key, Notice(TARGET_ROUTED, found))
        else:
            self.follow(tx, data["target"])

    def _on_changed(self, tx: Transaction, topic: str, data: Json) -> None:
        for target in tx.all(TargetRecord, parent=data["function"]):
            self.follow(tx, target.key)

    def _route(self, call: ActionCall) -> Event:
        """Start what is missing. Raises (and is repeated) while a host cannot be started."""
        with self._house.database.reading() as tx:
            wanted = self._wanted(tx, call.owner_key)
        versions = [(found.version, share, self._socket(found)) for found, share in wanted]
        self._release_others(call.owner_key.partition(":")[0], {version for version, _, _ in versions})
        return Event("routed", {"versions": versions})

    def _socket(self, run: Runnable) -> str:
        return str(self._hosts.ensure(run, is_kept=True).relative_to(self._house.folder.root))

    def _wanted(self, tx: Transaction, target: str) -> list[tuple[Runnable, float]]:
        name = with_qualifier(target)
        try:
            shares = shares_of(tx, self._house.scope, name)
        except AwsError:
            return []  # it was deleted
        return [(runnable(tx, self._house.scope, name.name, version), share) for version, share in shares]

    def _release_others(self, name: str, new: set[str]) -> None:
        """Hosts of versions that no target leads to any more end when nobody calls them for a while."""
        with self._house.database.transaction() as tx:
            used = set(new)
            for target in tx.all(TargetRecord, parent=name):
                used |= {version for version, _, _ in target.versions}
            for alias in tx.all(AliasRecord, parent=name):
                used |= {version for version, _ in alias.shares()}
            for host in tx.all(HostRecord, parent=name):
                if host.is_kept and host.version not in used:
                    self._hosts.release(tx, host)
