"""What is past its age goes, with all that belongs to it; what is young, or goes on, stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.forgetting import AT_ONCE, forget_history, forget_records
from mlsystem.engine.store.records import Record


class Job(Record):
    kind: ClassVar[str] = "test.job"


class Other(Record):
    kind: ClassVar[str] = "test.other"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "engine.db", ManualClock())
    yield made
    made.close()


def _has_ended(_: Transaction, job: Job) -> bool:
    return job.state == "ended"


def _fill(database: Database) -> None:
    with database.transaction() as tx:
        for number in range(AT_ONCE + 20):
            tx.add(Job(key=f"old{number}", state="ended", created_at=10.0))
            tx.record_history(Job.kind, f"old{number}", "ended", "{}")
        tx.add(Job(key="goes-on", created_at=10.0))
        tx.add(Job(key="young", state="ended", created_at=30.0))
        tx.add(Other(key="old0", created_at=10.0))
        tx.record_history(Other.kind, "old0", "ended", "{}")


def test_records_that_are_over_go_with_their_history(database: Database) -> None:
    _fill(database)
    assert forget_records(database, Job, 20.0, _has_ended) == AT_ONCE + 20
    with database.reading() as tx:
        assert {job.key for job in tx.all(Job)} == {"goes-on", "young"}
        assert tx.history(Job.kind, "old0") == []
        assert tx.get(Other, "old0") is not None and len(tx.history(Other.kind, "old0")) == 1


def test_what_was_taken_up_again_meanwhile_stays(database: Database) -> None:
    with database.transaction() as tx:
        tx.add(Job(key="job", state="ended", created_at=10.0))
    looks = []

    def is_over(tx: Transaction, job: Job) -> bool:
        """The first look is at a snapshot; then somebody takes it up again."""
        looks.append(job.state)
        if len(looks) == 1:
            with database.transaction() as other:
                other.put(job.changed(state="again"))
            return True
        return _has_ended(tx, job)

    forget_records(database, Job, 20.0, is_over)
    assert looks == ["ended", "again"]
    with database.reading() as tx:
        assert tx.get(Job, "job") is not None


def test_lines_of_history_go_by_their_age(database: Database) -> None:
    with database.transaction() as tx:
        for at in (*[10.0] * (AT_ONCE + 1), 30.0):
            tx.now = at
            tx.record_history(Job.kind, "job", "line", "{}")
            tx.record_history(Other.kind, "job", "line", "{}")
    forget_history(database, Job, 20.0)
    with database.reading() as tx:
        assert [at for _, at, _, _ in tx.history(Job.kind, "job")] == [30.0]
        assert len(tx.history(Other.kind, "job")) == AT_ONCE + 2
