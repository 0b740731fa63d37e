"""`report DIR`: the page again from files alone, clear words where they are damaged, and no page of an earlier check."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
FILES = ("verdicts.json", "report.json", "constraint_violations.json")


def csv(path: Path, start: int = 0) -> Path:
    path.write_text("n,word\n" + "".join(f"{start + i},{'ab'[i % 2]}\n" for i in range(1000)))
    return path


class Checks:
    """Checks of later data against one baseline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("profile", str(csv(folder / "train.csv")), "--output", str(folder / "baseline"))

    def check(self, output: Path, start: int = 400) -> Path:
        data = csv(self.folder / "later.csv", start)
        self._run("check", str(data), "--baseline", str(self.folder / "baseline"), "--output", str(output))
        return output

    def _run(self, *arguments: str) -> None:
        code, text = run_command(arguments, lambda: NOW)
        assert code == 0, text


@pytest.fixture
def checks(tmp_path: Path) -> Checks:
    return Checks(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a check, to be copied."""
    checks = Checks(tmp_path_factory.mktemp("finished"))
    return checks.check(checks.folder / "out")


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """The folder of a check."""
    return shutil.copytree(finished, tmp_path / "out")


def report(folder: Path) -> tuple[int, str]:
    return run_command(["report", str(folder)], lambda: NOW)


def test_a_check_leaves_its_page_and_a_profile_none(checks: Checks) -> None:
    out = checks.check(checks.folder / "out")
    assert "The data have drifted: 1 of 2 features has moved" in (out / "report.html").read_text()
    assert not (checks.folder / "baseline" / "report.html").exists()


def test_the_page_is_made_again_from_the_files_alone(out: Path) -> None:
    moved = out.rename(out.parent / "elsewhere")
    page = moved / "report.html"
    first = page.read_text()
    page.unlink()
    code, text = report(moved)
    assert code == 0
    assert text.splitlines() == [
        "The data have drifted: 1 of 2 features has moved farther than is allowed.",
        f"The report is {page}",
    ]
    assert page.read_text() == first


def test_of_a_schedule_the_latest_run_is_told_with_the_runs_before_it(checks: Checks) -> None:
    for hour, start in (("00", 0), ("01", 100), ("02", 500)):
        checks.check(checks.folder / "schedule" / "2026" / "11" / "24" / hour, start)
    assert report(checks.folder / "schedule")[0] == 0
    html = (checks.folder / "schedule" / "report.html").read_text()
    assert "3 runs. " in html
    assert "drifted in 1 of 3 runs" in html
    assert "24 Nov 2026, 02:00" in html


def test_a_check_within_the_tree_of_its_schedule_draws_the_runs_before_it(checks: Checks) -> None:
    tree = checks.folder / "2026" / "11" / "24"
    for hour in ("00", "01"):
        checks.check(tree / hour)
    assert "2 runs. " in (tree / "01" / "report.html").read_text()
    assert "only one run yet" in (tree / "00" / "report.html").read_text()


def test_an_earlier_run_that_cannot_be_read_is_named_and_does_not_hinder(checks: Checks) -> None:
    tree = checks.folder / "2026" / "11" / "24"
    for hour in ("00", "01", "02"):
        checks.check(tree / hour)
    damaged = tree / "00" / "verdicts.json"
    damaged.write_text(damaged.read_text()[:50])
    code, text = report(tree / "02")
    assert code == 0
    assert text.splitlines()[0].startswith(f"{damaged.resolve()} cannot be read: ")
    assert "00/verdicts.json cannot be read" in (tree / "02" / "report.html").read_text()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["gone", "cut off", "another", "not a text", "a number that is none", "too deep"])
def test_a_damaged_file_is_named_with_what_to_do(out: Path, name: str, damage: str) -> None:
    file = out / name
    contents = {
        "cut off": file.read_bytes()[:100],
        "another": b'{"some": "document"}',
        "not a text": b"\xff\xfe\x00",
        "a number that is none": b'{"verdict": NaN}',
        "too deep": b"[" * 100_000,
    }
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(contents[damage])
    code, text = report(out)
    assert code == 1
    assert text.startswith(f"{file} cannot be read: ")
    assert text.endswith(". Run the check again")


def test_files_of_two_checks_make_no_page(out: Path) -> None:
    file = out / "report.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"features": document["features"][1:]}))
    assert report(out) == (
        1,
        f"{file} does not know n, of which verdicts.json beside it speaks: they are not of one check. Run the check again",
    )


def test_a_time_stamp_that_is_none_is_named(out: Path) -> None:
    file = out / "report.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"created": "yesterday"}))
    assert report(out)[1].startswith(f"{file} cannot be read: $.created is 'yesterday', which is no time stamp")


def test_a_folder_without_a_check_is_an_error_and_nothing_is_written_there(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("somebody's own")
    code, text = report(tmp_path)
    assert code == 1
    assert text.startswith(f"{tmp_path} holds nothing that a check has written")
    assert (tmp_path / "report.html").read_text() == "somebody's own"


def test_a_page_that_cannot_be_written_is_one_clear_line(out: Path) -> None:
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    assert report(out) == (1, f"{out}/report.html cannot be written: Is a directory")


def test_a_check_that_fails_leaves_no_page_of_an_earlier_one(checks: Checks) -> None:
    out = checks.check(checks.folder / "out")
    empty = checks.folder / "empty.csv"
    empty.touch()
    arguments = ["check", str(empty), "--baseline", str(checks.folder / "baseline"), "--output", str(out)]
    assert run_command(arguments, lambda: NOW)[0] == 1
    assert [name for name in (*FILES, "report.html") if (out / name).exists()] == []


def test_of_very_many_runs_the_latest_are_drawn_and_the_rest_counted(checks: Checks) -> None:
    out = checks.check(checks.folder / "2026" / "11" / "24" / "02")
    verdicts = (out / "verdicts.json").read_text()
    for hour in range(1, 450):
        when = datetime(2026, 11, 24, 2, tzinfo=UTC) - timedelta(hours=hour)
        folder = checks.folder / f"{when:%Y/%m/%d/%H}"
        folder.mkdir(parents=True)
        (folder / "verdicts.json").write_text(verdicts)
    assert report(out)[0] == 0
    html = (out / "report.html").read_text()
    assert "400 runs. " in html
    assert "50 older runs not shown" in html
