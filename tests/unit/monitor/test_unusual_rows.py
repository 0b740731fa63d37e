"""The most unusual rows of any number of rows, found while they stream by."""

import tracemalloc
from collections.abc import Iterator

import numpy as np

from mlsystem.monitor.unusual_rows import Cell, UnusualRows, unusual_rows
from mlsystem.monitor.unusual_values import Values
from tests.unit.monitor.report.made import dataset, numbers, words

RANDOM = np.random.default_rng(7)
BASELINE = dataset(
    numbers("temp", RANDOM.normal(40, 10, 2000).tolist()),
    words("carrier", {"UA": 1200, "AA": 799, "OO": 1}),
)


def block(rows: int, **changes: "dict[int, float | str | None]") -> dict[str, Values]:
    """Ordinary rows, but for some cells."""
    temp = RANDOM.uniform(30, 50, rows)
    carrier: list[str | None] = ["UA", "AA"] * (rows // 2)
    for row, value in changes.get("temp", {}).items():
        temp[row] = value
    for row, text in changes.get("carrier", {}).items():
        carrier[row] = None if text is None else str(text)
    return {"temp": temp, "carrier": carrier}


def test_the_rows_with_the_most_unusual_cells_come_first_and_say_which_they_are() -> None:
    found = unusual_rows([block(100, temp={7: 400.0, 9: 85.0}, carrier={9: "XX", 50: "OO"})], BASELINE)
    assert [row.row for row in found] == [10, 8, 51]
    worst, second, third = found
    assert [(cell.feature, cell.share is None) for cell in worst.cells] == [("temp", False), ("carrier", False)]
    assert second.cells[0].text == "400"
    assert second.cells[1] == Cell("carrier", second.cells[1].text)
    assert third.cells[1] == Cell("carrier", "OO", 1.5 / 2001)
    assert worst.score > second.score > third.score > 0


def test_rows_are_counted_on_from_block_to_block() -> None:
    found = unusual_rows([block(100), block(60, temp={0: 999.0}), block(10, temp={9: -999.0})], BASELINE)
    assert sorted(row.row for row in found) == [101, 170]


def test_how_the_rows_are_cut_into_blocks_makes_no_difference() -> None:
    temp, carrier = RANDOM.normal(40, 20, 1000), RANDOM.choice(["UA", "AA", "OO", "XX"], 1000).tolist()
    whole = unusual_rows([{"temp": temp, "carrier": carrier}], BASELINE)
    cut = unusual_rows(
        ({"temp": temp[start : start + 7], "carrier": carrier[start : start + 7]} for start in range(0, 1000, 7)),
        BASELINE,
    )
    assert cut == whole
    assert len(whole) == 20


def test_of_equals_the_earlier_rows_are_kept() -> None:
    found = unusual_rows([block(50, temp=dict.fromkeys(range(50), 500.0)) for _ in range(2)], BASELINE)
    assert [row.row for row in found] == list(range(1, 21))


def test_no_row_is_named_where_none_is_unusual() -> None:
    assert unusual_rows([block(1000)], BASELINE) == ()
    assert unusual_rows([], BASELINE) == ()
    assert unusual_rows([{}], BASELINE) == ()
    assert unusual_rows([{"temp": np.empty(0), "carrier": []}], BASELINE) == ()


def test_missing_cells_are_shown_as_missing() -> None:
    (row,) = unusual_rows([block(10, temp={3: float("nan")}, carrier={3: None})], BASELINE)
    assert [cell.text for cell in row.cells] == [None, None]
    assert all(cell.share for cell in row.cells)


def test_columns_that_the_baseline_does_not_know_are_shown_and_count_nothing() -> None:
    some = block(10, temp={3: 999.0}) | {"id": [f"id {i}" for i in range(10)]}
    (row,) = unusual_rows([some], BASELINE)
    assert row.cells[2] == Cell("id", "id 3")


def test_of_many_columns_those_are_shown_that_are_the_most_unusual() -> None:
    names = [f"n{i}" for i in range(300)]
    baseline = dataset(*(numbers(name, [float(i) for i in range(200)]) for name in names))
    rows: dict[str, Values] = {name: np.full(5, 100.0) for name in names}
    rows["n250"] = np.array([100.0, 1e6, 100.0, 100.0, 100.0])
    (row,) = unusual_rows([rows], baseline)
    assert len(row.cells) == 12
    assert row.cells[-1] == Cell("n250", "1000000", 1 / 201)


def test_one_impossible_cell_outweighs_hundreds_of_ordinary_ones() -> None:
    names = [f"n{i}" for i in range(500)]
    baseline = dataset(*(numbers(name, RANDOM.normal(0, 1, 1000).tolist()) for name in names))
    rows: dict[str, Values] = {name: RANDOM.normal(0, 1, 300) for name in names}
    rows["n3"] = np.where(np.arange(300) == 123, 1e9, RANDOM.normal(0, 1, 300))
    assert unusual_rows([rows], baseline)[0].row == 124


def test_memory_does_not_grow_with_the_number_of_blocks() -> None:
    def peak(blocks: int) -> int:
        def stream() -> Iterator[dict[str, Values]]:
            for _ in range(blocks):
                yield {"temp": RANDOM.normal(40, 30, 2000)}

        found = UnusualRows(BASELINE)
        tracemalloc.start()
        for one in stream():
            found.update(one)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(100) < 2 * peak(5)
