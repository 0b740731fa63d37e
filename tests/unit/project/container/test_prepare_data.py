from __future__ import annotations

import csv
import gzip
import importlib
from pathlib import Path
from typing import Any

import pytest

prepare_data: Any = importlib.import_module("prepare_data")
schema: Any = importlib.import_module("schema")
utils: Any = importlib.import_module("utils")

ENVIRONMENT = {"TARGET_COLUMN": "late", "TASK_TYPE": "binary", "MAX_BAD_ROW_SHARE": "0.5"}
TRAIN = "carrier,delay,late\nUA,2,0\nAA,NA,1\nUA,7,1\n"
TEST = "late,carrier,delay\n1,AA,3\n0,ZZ,1\n"


def prepared(folder: Path, train: str = TRAIN, test: str = TEST, **environment: str) -> str:
    for name, text in (("train", train), ("test", test)):
        (folder / "input" / name).mkdir(parents=True)
        (folder / "input" / name / f"{name}.csv").write_text(text)
    closing: str = prepare_data.prepare(folder, {**ENVIRONMENT, **environment})
    return closing


def refusal(folder: Path, train: str = TRAIN, test: str = TEST, **environment: str) -> str:
    with pytest.raises(utils.ContainerError) as caught:
        prepared(folder, train, test, **environment)
    return str(caught.value)


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


def test_labels_come_first_and_columns_are_found_by_name(tmp_path: Path) -> None:
    closing = prepared(tmp_path)
    assert rows(tmp_path / "train" / "train.csv") == [
        ["0.0", "1.0", "2.0"],
        ["1.0", "0.0", "nan"],
        ["1.0", "1.0", "7.0"],
    ]
    assert rows(tmp_path / "test" / "test.csv") == [["1.0", "0.0", "3.0"], ["0.0", "nan", "1.0"]]
    assert closing == "train: 3 rows; test: 2 rows"


def test_the_schema_says_what_the_training_data_holds(tmp_path: Path) -> None:
    prepared(tmp_path)
    learned = schema.Schema.load(tmp_path / "train" / "schema.json")
    assert learned.features == (schema.Feature("carrier", ("AA", "UA")), schema.Feature("delay"))
    assert (learned.task, learned.target, learned.classes) == ("binary", "late", ("0", "1"))


def test_the_baseline_holds_the_features_as_a_request_does(tmp_path: Path) -> None:
    prepared(tmp_path)
    baseline = rows(tmp_path / "baseline" / "baseline.csv")
    assert baseline == [["carrier", "delay"], ["UA", "2"], ["AA", ""], ["UA", "7"]]


def test_a_baseline_of_its_own_needs_no_labels(tmp_path: Path) -> None:
    (tmp_path / "input" / "baseline").mkdir(parents=True)
    (tmp_path / "input" / "baseline" / "month.csv").write_text("delay,carrier\n9,UA\nNA,NA\n")
    prepared(tmp_path)
    assert rows(tmp_path / "baseline" / "baseline.csv") == [["carrier", "delay"], ["UA", "9"], ["", ""]]


def test_the_first_rows_of_the_test_set_are_kept_as_requests(tmp_path: Path) -> None:
    test = 'late,carrier,delay\n1,"A, A",NA\n0,UA,often\n,ZZ,1\n' + "0,UA,5\n" * 200
    prepared(tmp_path, test=test)
    requests = rows(tmp_path / "requests" / "requests.csv")
    assert requests[:4] == [["carrier", "delay"], ["A, A", ""], ["ZZ", "1"], ["UA", "5"]]
    assert len(requests) == 1 + prepare_data.SAMPLED_REQUESTS


def test_stated_features_are_taken_in_the_stated_order(tmp_path: Path) -> None:
    prepared(tmp_path, FEATURES="delay,carrier", CATEGORICAL_FEATURES="delay,carrier")
    learned = schema.Schema.load(tmp_path / "train" / "schema.json")
    assert learned.features == (schema.Feature("delay", ("2", "7")), schema.Feature("carrier", ("AA", "UA")))


def test_ignored_columns_are_no_features(tmp_path: Path) -> None:
    prepared(tmp_path, IGNORED_COLUMNS="carrier")
    assert schema.Schema.load(tmp_path / "train" / "schema.json").names == ["delay"]


def test_the_positive_label_is_the_last_class(tmp_path: Path) -> None:
    prepared(tmp_path, POSITIVE_LABEL="0")
    assert schema.Schema.load(tmp_path / "train" / "schema.json").classes == ("1", "0")
    assert [row[0] for row in rows(tmp_path / "train" / "train.csv")] == ["1.0", "0.0", "0.0"]


def test_classes_that_are_numbers_are_ordered_as_numbers(tmp_path: Path) -> None:
    data = "x,late\n1,10\n2,9\n3,10\n4,2\n"
    prepared(tmp_path, data, data, TASK_TYPE="multiclass")
    assert schema.Schema.load(tmp_path / "train" / "schema.json").classes == ("2", "9", "10")


def test_a_regressions_labels_stay_numbers(tmp_path: Path) -> None:
    data = "x,late\n1,10.5\n2,-3\n"
    prepared(tmp_path, data, data, TASK_TYPE="regression")
    assert rows(tmp_path / "train" / "train.csv") == [["10.5", "1.0"], ["-3.0", "2.0"]]


def test_packed_files_and_several_parts_are_one_data_set(tmp_path: Path) -> None:
    (tmp_path / "input" / "train").mkdir(parents=True)
    (tmp_path / "input" / "test").mkdir(parents=True)
    (tmp_path / "input" / "train" / "a.csv").write_text("\ufeffcarrier,late\nUA,0\n")
    with gzip.open(tmp_path / "input" / "train" / "b.csv.gz", "wt") as packed:
        packed.write("late,carrier\n1,AA\n")
    (tmp_path / "input" / "test" / "c.csv").write_text("late,carrier\n1,AA\n")
    prepare_data.prepare(tmp_path, ENVIRONMENT)
    assert rows(tmp_path / "train" / "train.csv") == [["0.0", "1.0"], ["1.0", "0.0"]]


def test_bad_rows_are_left_out_counted_and_the_first_is_named(tmp_path: Path) -> None:
    train = "delay,late\n1,0\n2,1\n3\n,\n4,0\n5,1\n6,0\n7,1\n"
    closing = prepared(tmp_path, train, "delay,late\n1,1\n2,2\n3,0\n")
    assert "train: 8 rows, 2 of them bad" in closing
    assert "first: train.csv line 4: a wrong number of columns: 1 instead of 2" in closing
    assert "test: 3 rows, 1 of them bad (1 with a label that the training data does not have" in closing
    assert len(rows(tmp_path / "train" / "train.csv")) == 6


def test_a_column_is_a_number_when_almost_all_its_values_are(tmp_path: Path) -> None:
    train = "x,late\n" + "".join(f"{n},{n % 2}\n" for n in range(99)) + "oops,1\n"
    assert "1 with an unreadable number" in prepared(tmp_path, train, "x,late\n1,1\n", MAX_BAD_ROW_SHARE="0.05")
    assert not schema.Schema.load(tmp_path / "train" / "schema.json").features[0].is_categorical


def test_the_rarest_of_very_many_categories_count_as_unknown(tmp_path: Path) -> None:
    often = "".join(f"tail{n},{n % 2}\n" * 2 for n in range(1000))
    prepared(tmp_path, f"tail,late\nrare,1\n{often}", "tail,late\nrare,1\n")
    categories = schema.Schema.load(tmp_path / "train" / "schema.json").features[0].categories
    assert len(categories) == 1000
    assert "rare" not in categories
    assert rows(tmp_path / "test" / "test.csv") == [["1.0", "nan"]]


def test_too_many_bad_rows_fail_the_job(tmp_path: Path) -> None:
    message = refusal(tmp_path, test="late,carrier,delay\n1,AA,3\n,AA,3\n", MAX_BAD_ROW_SHARE="0.4")
    assert "test: too many bad rows (more than 40.0%)" in message
    assert "test.csv line 3: no label" in message


@pytest.mark.parametrize(
    ("train", "test", "environment", "named"),
    [
        ("carrier,delay\nUA,1\n", TEST, {}, "train.csv: there is no column 'late'; the file has carrier, delay"),
        (TRAIN, "late,delay\n1,2\n", {}, "test.csv: there is no column 'carrier'"),
        ("", TEST, {}, "train.csv: the file is empty"),
        ("a,a,late\n", TEST, {}, "train.csv: the header names the column 'a' twice"),
        ("carrier,delay,late\n", TEST, {}, "holds no value; a binary task needs exactly two values"),
        (TRAIN + "UA,1,2\n", TEST, {}, "holds 0, 1, 2; a binary task needs exactly two values"),
        (TRAIN, TEST, {"POSITIVE_LABEL": "yes"}, "positive_label 'yes' is not among them"),
        (TRAIN, TEST, {"CATEGORICAL_FEATURES": "carier"}, "categorical_features names 'carier', which is no feature"),
        (TRAIN, TEST, {"IGNORED_COLUMNS": "carrier,delay"}, "there are no features"),
        (TRAIN, "late,carrier,delay\n", {}, "test: no row can be used"),
    ],
)
def test_data_that_cannot_be_used_is_refused_by_file_and_column(
    tmp_path: Path, train: str, test: str, environment: dict[str, str], named: str
) -> None:
    assert named in refusal(tmp_path, train, test, **environment)


def test_an_input_without_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "input" / "train").mkdir(parents=True)
    with pytest.raises(utils.ContainerError, match=r"input/train: no file ends in \.csv"):
        prepare_data.prepare(tmp_path, ENVIRONMENT)


def test_text_that_is_not_utf8_and_a_cut_gzip_file_are_named(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / "input" / name).mkdir(parents=True)
    latin = tmp_path / "input" / "train" / "latin.csv"
    latin.write_bytes(b"carrier,late\nM\xfcnchen,1\n")
    (tmp_path / "input" / "test" / "t.csv.gz").write_bytes(gzip.compress(b"carrier,late\nUA,1\n" * 100)[:40])
    with pytest.raises(utils.ContainerError, match=r"latin\.csv: not UTF-8"):
        prepare_data.prepare(tmp_path, ENVIRONMENT)
    latin.write_text("carrier,late\nUA,1\nAA,0\n")
    with pytest.raises(utils.ContainerError, match=r"t\.csv\.gz: not a whole gzip file"):
        prepare_data.prepare(tmp_path, ENVIRONMENT)
