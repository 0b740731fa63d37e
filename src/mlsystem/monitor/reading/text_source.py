"""Columns of text on their way into a typed table, whatever is in them.

Text takes long to keep and longer to look at again, so each value is looked at once, while it is read: what it looks
like, its number, its text where that will be asked for. What a column holds is guessed from its first rows, and the guess
only makes it fast. A pattern for each value would cost more than all the rest: where columns should be numbers, those of
a row are matched together, by one pattern on the row. A value that matches (and that can be cast, so it hides no second
one) is what was guessed; any other is looked at alone. A column that turns out to be something else is read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from mlsystem.monitor.reading import kinds
from mlsystem.monitor.reading.table import Field, count_types
from mlsystem.monitor.types import FRACTIONAL_PATTERN, INTEGRAL_PATTERN, InferredType, TypeCounts

SAMPLE_ROWS = 5_000
_SEPARATOR = "|"
_COLUMNS_A_PATTERN = 50
_COLUMNS_A_TABLE = 250  # more at a time would take more memory than there should be
_PATTERNS = {InferredType.FRACTIONAL: FRACTIONAL_PATTERN, InferredType.INTEGRAL: INTEGRAL_PATTERN}
_KINDS = {InferredType.FRACTIONAL: kinds.FRACTIONAL, InferredType.INTEGRAL: kinds.INTEGRAL}


@dataclass(frozen=True)
class TextSource:
    """A relation of text: its SQL, the parameters in it, and the names of its columns c0, c1, ... ("" for none)."""

    relation: str
    parameters: Sequence[object]
    names: Sequence[str]


@dataclass(frozen=True)
class Need:
    """What is to be kept of a column."""

    guess: InferredType
    number: bool
    text: bool

    @classmethod
    def of(cls, inferred: InferredType, expected: InferredType | None) -> "Need":
        """A column gets the statistics that its own type needs, and those that the expected type needs."""
        wanted = {inferred, expected or inferred} - {InferredType.UNKNOWN}
        return cls(
            inferred, number=any(kind.is_numeric for kind in wanted), text=not all(kind.is_numeric for kind in wanted)
        )


def load_text(
    connection: DuckDBPyConnection, table: str, source: TextSource, expected: Sequence[InferredType | None]
) -> list[tuple[Field, TypeCounts]]:
    """The columns of a source as fields of a table, with what their values look like."""
    sample = _sample(connection, source)
    needs = {place: Need.of(sample[place].infer(), kind) for place, kind in enumerate(expected)}
    fields = _load_all(connection, table, source, needs)
    found = dict(zip(fields, count_types(connection, list(fields.values())), strict=True))
    # Those that need what was not kept of them; nothing is guessed of them any more.
    again = {
        place: Need(InferredType.UNKNOWN, number=True, text=True)
        for place, types in found.items()
        if _lacks(needs[place], Need.of(types.infer(), expected[place]))
    }
    if again:
        fields |= _load_all(connection, f"{table}_again", source, again)
    return [(fields[place], found[place]) for place in sorted(fields)]


def _lacks(kept: Need, needed: Need) -> bool:
    return (needed.number and not kept.number) or (needed.text and not kept.text)


def _sample(connection: DuckDBPyConnection, source: TextSource) -> list[TypeCounts]:
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE sample AS SELECT * FROM {source.relation} LIMIT {SAMPLE_ROWS}",  # noqa: S608
        source.parameters,
    )
    fields = [Field("", "sample", kinds.kind(f"c{place}"), None, None) for place in range(len(source.names))]
    return count_types(connection, fields)


def _load_all(
    connection: DuckDBPyConnection, table: str, source: TextSource, needs: Mapping[int, Need]
) -> dict[int, Field]:
    """Loads the table, and further ones where there are very many columns; the same rows in each."""
    places, fields = list(needs), dict[int, Field]()
    for start in range(0, len(places), _COLUMNS_A_TABLE):
        some = {place: needs[place] for place in places[start : start + _COLUMNS_A_TABLE]}
        fields |= _load(connection, f"{table}_{start}" if start else table, source, some)
    return fields


def _load(
    connection: DuckDBPyConnection, table: str, source: TextSource, needs: Mapping[int, Need]
) -> dict[int, Field]:
    tests = _row_tests(needs)
    inner = [*(f"c{place}" for place in needs), *(f"{sql} AS {name}" for name, sql in _distinct(tests.values()))]
    inner += [f"TRY_CAST(c{place} AS DOUBLE) AS d{place}" for place in tests]
    outer = [sql for place, need in needs.items() for sql in _kept(place, need, tests.get(place))]
    connection.execute(
        f"CREATE TABLE {table} AS SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {source.relation})",  # noqa: S608
        source.parameters,
    )
    return {
        place: Field(
            source.names[place],
            table,
            kind=f"k{place}",
            number=f"n{place}" if need.number else None,
            text=f"t{place}" if need.text else None,
        )
        for place, need in needs.items()
    }


@dataclass(frozen=True)
class _RowTest:
    """Whether the values of some columns all match a pattern: the name of that in the query, and its SQL."""

    name: str
    sql: str


def _row_tests(needs: Mapping[int, Need]) -> dict[int, _RowTest]:
    """For each column that should hold numbers, the test of its row."""
    tests: dict[int, _RowTest] = {}
    for guess, pattern in _PATTERNS.items():
        places = [place for place, need in needs.items() if need.guess is guess]
        for start in range(0, len(places), _COLUMNS_A_PATTERN):
            some = places[start : start + _COLUMNS_A_PATTERN]
            joined = f"concat_ws('{_SEPARATOR}', {', '.join(f'c{place}' for place in some)})"  # leaves out NULLs
            sql = f"regexp_full_match({joined}, '(?:(?:{pattern})(?:[{_SEPARATOR}]|$))*')"
            tests |= dict.fromkeys(some, _RowTest(f"are_{guess.value}_{some[0]}", sql))
    return tests


def _distinct(tests: Iterable[_RowTest]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((test.name, test.sql) for test in tests))


def _kept(place: int, need: Need, test: _RowTest | None) -> list[str]:
    """The SQL of what is kept of a column."""
    text, kind, number = f"c{place}", kinds.kind(f"c{place}"), kinds.number(f"c{place}")
    if test:
        is_as_guessed = f"{test.name} AND d{place} IS NOT NULL"
        kind = f"CASE WHEN {is_as_guessed} THEN {_KINDS[need.guess]} ELSE {kind} END"
        number = f"CASE WHEN {is_as_guessed} THEN d{place} ELSE {number} END"
    elif need.guess is InferredType.STRING:
        # What begins with a letter is neither a number nor, but for two words, a boolean.
        is_word = f"{text} >= ':' AND {text} NOT IN ('true', 'false')"
        kind = f"CASE WHEN {is_word} THEN {kinds.STRING} ELSE {kind} END"
    kept = [f"CAST({kind} AS UTINYINT) AS k{place}"]
    return kept + [f"{number} AS n{place}"] * need.number + [f"{text} AS t{place}"] * need.text
