"""An environment that cannot be made is no reason for a test to pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import environments

REASON = "the environment of requirements/unlocked.txt cannot be made: .*--require-hashes"


@pytest.fixture(autouse=True)
def _unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without its hash, which is refused before anybody is asked for it."""
    (tmp_path / "unlocked.txt").write_text("six==1.17.0\n")
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_it_is_listed_as_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"not run: {REASON}"):
        environments.needed("unlocked")


def test_it_fails_where_everything_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=REASON):
        environments.needed("unlocked")
