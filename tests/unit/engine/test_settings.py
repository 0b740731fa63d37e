"""What no engine could run with is refused before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.settings import Settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"port": 65_536}, "65536 is no port"),
        ({"port": -1}, "-1 is no port"),
        ({"host": "0.0.0.0"}, "and not on '0.0.0.0'"),
        ({"host": "::1"}, "and not on '::1'"),
        ({"host": "localhost"}, "and not on 'localhost'"),
        ({"time_scale": 0.0}, "the time scale must be a number above 0, not 0"),
        ({"time_scale": float("inf")}, "the time scale must be a number above 0, not inf"),
        ({"calls_per_second": float("nan")}, "the calls a second must be a number above 0, not nan"),
        ({"region": "nowhere"}, "'nowhere' is no region"),
        ({"account": "12"}, "'12' is no account"),
    ],
)
def test_a_setting_that_no_engine_can_run_with_is_named(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(StartupError, match=message):
        Settings(tmp_path, **given).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_this_machines_own_addresses_will_do(tmp_path: Path, host: str) -> None:
    Settings(tmp_path, host=host).check()
