"""How the tables of a data folder came to what they are: a step for each version that changed rows that were there.

A new table or index needs none: what is missing is made whenever a folder is opened, and an index that nothing names any more is
dropped. All of that, the steps and the version that they lead to are one transaction: whatever ends it, the folder is as it was, and the
program that made it goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert, select, update

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store import schema

Migration = Callable[[Connection], None]

# The first leads from version 1 to 2. What is here was released: a step is never changed, only followed by another.
MIGRATIONS: tuple[Migration, ...] = ()
SCHEMA_VERSION = 1 + len(MIGRATIONS)
_NAME = "schema"
_columns = schema.meta.c


def bring_up_to_date(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Within the connection's transaction. Raises StartupError, before anything is written, for tables of a later version."""
    wanted = 1 + len(migrations)
    known = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
    version = _version(connection) if schema.meta.name in known else None
    if version is not None and version > wanted:
        raise StartupError(
            f"the data folder has schema {version}, this version reads schema {wanted}: use the version that made it, or a later "
            "one, or restore a backup from before into another folder"
        )
    _make_missing(connection, known)
    _drop_indexes(connection)
    for number in range(version or wanted, wanted):
        _step(connection, number, migrations[number - 1])
    if version is None:
        connection.execute(insert(schema.meta).values(name=_NAME, value=str(wanted)))
    elif version < wanted:
        connection.execute(update(schema.meta).where(_columns.name == _NAME).values(value=str(wanted)))


def _version(connection: Connection) -> int | None:
    found = connection.execute(select(_columns.value).where(_columns.name == _NAME)).scalar_one_or_none()
    return None if found is None else int(found)


def _make_missing(connection: Connection, known: set[str]) -> None:
    """What is there was asked once, where SQLAlchemy would ask for each of them."""
    for table in schema.metadata.sorted_tables:
        if table.name not in known:
            table.create(connection, checkfirst=False)  # with its indexes
            continue
        for index in (one for one in table.indexes if one.name not in known):
            index.create(connection, checkfirst=False)


def _drop_indexes(connection: Connection) -> None:
    """Those of earlier versions: they would be kept up with each write. A version that wants one makes it again."""
    named = {index.name for table in schema.metadata.tables.values() for index in table.indexes}
    # Those that SQLite has made itself, for keys, have no text.
    made = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    for name in set(connection.exec_driver_sql(made).scalars()) - named:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')


def _step(connection: Connection, number: int, migration: Migration) -> None:
    try:
        migration(connection)
    except Exception as error:
        raise StartupError(
            f"the data folder could not be brought from schema {number} to {number + 1}, and is as it was: {error}. The version "
            "that made it can go on with it"
        ) from error
