"""Ground truth and captures by id, on disk: any number of them takes no more than 64 MB of memory."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE truths (id BLOB PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE captures (id BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
"""


@contextlib.contextmanager
def label_index(path: Path) -> Iterator["LabelIndex"]:
    """An empty index in a file that must not exist."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(_TABLES)
        yield LabelIndex(connection)


class LabelIndex:
    """Of two records of one kind with one id the last one wins."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add_truths(self, found: Iterable[tuple[str, Mapping[str, object]]]) -> int:
        """Adds groundTruthData by id. Returns how many were there, repeated ones among them."""
        rows = ((_key(each), json.dumps(truth)) for each, truth in found)
        return self._fill("INSERT OR REPLACE INTO truths VALUES (?, ?)", rows)

    def add_captures(self, found: Iterable[tuple[str, int]]) -> int:
        """Adds the places of captures by id. Returns how many were there, repeated ones among them."""
        rows = ((_key(each), place) for each, place in found)
        return self._fill("INSERT OR REPLACE INTO captures VALUES (?, ?)", rows)

    def matches(self) -> Iterator[tuple[int, Mapping[str, object]]]:
        """The places of captures that have ground truth, in their order, each with its groundTruthData."""
        query = "SELECT place, data FROM captures JOIN truths USING (id) ORDER BY place"
        for place, data in self._connection.execute(query):
            yield int(place), json.loads(data)

    def count_truths(self) -> int:
        """Different ids that have ground truth."""
        return self._count("SELECT count(*) FROM truths")

    def count_captures(self) -> int:
        """Different ids that were captured."""
        return self._count("SELECT count(*) FROM captures")

    def _fill(self, statement: str, rows: Iterable[tuple[object, ...]]) -> int:
        self._connection.execute("BEGIN")
        # The count of a cursor takes in what was replaced.
        count = self._connection.executemany(statement, rows).rowcount
        self._connection.execute("COMMIT")
        return max(count, 0)

    def _count(self, query: str) -> int:
        ((count,),) = self._connection.execute(query).fetchall()
        return int(count)


def _key(identity: str) -> bytes:
    """JSON may hold halves of surrogate pairs, which are no text for a database."""
    return identity.encode("utf-8", "surrogatepass")
