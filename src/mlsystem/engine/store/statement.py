"""Statements that run very often: put together by SQLAlchemy once, and then given to SQLite as they are.

What SQLAlchemy does anew for each execution takes ten times as long as a look at one row. Values go in and come out as SQLite knows them:
text, numbers, bytes.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

_DIALECT = sqlite.dialect(paramstyle="named")
_ROW: Any = namedtuple  # whose fields are those of a statement


class Statement:
    """`columns` are those that an INSERT writes. Errors are SQLAlchemy's, as those of all other statements."""

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None):
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        self._text = str(compiled)
        self._given = {name: value for name, value in compiled.params.items() if value is not None}
        found = statement.selected_columns.keys() if isinstance(statement, Select) else ()
        self._row = _ROW("Row", found)

    def rows(self, connection: Connection, values: Mapping[str, object]) -> list[Any]:
        """All of them at once: one that is still being read would keep its snapshot."""
        return [self._row._make(found) for found in self._run(connection, values)[0]]

    def change(self, connection: Connection, values: Mapping[str, object]) -> int:
        """The number of rows that were written or removed."""
        return self._run(connection, values)[1]

    def _run(self, connection: Connection, values: Mapping[str, object]) -> tuple[list[Any], int]:
        try:
            cursor = driver(connection).execute(self._text, {**self._given, **values})
            return cursor.fetchall(), cursor.rowcount
        except sqlite3.Error as error:
            raise translated(error, self._text, values) from error


def driver(connection: Connection) -> sqlite3.Connection:
    found: Any = connection.connection.dbapi_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def translated(error: sqlite3.Error, text: str, values: Mapping[str, object]) -> BaseException:
    """As SQLAlchemy would raise it."""
    return DBAPIError.instance(text, dict(values), error, sqlite3.Error, dialect=_DIALECT)
