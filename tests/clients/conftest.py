"""The fixture that all clients share."""

from __future__ import annotations

import pytest

from tests.clients.workplace import Workplace
from tests.live import LiveEngine


@pytest.fixture(scope="session")
def workplace(engine: LiveEngine) -> Workplace:
    return Workplace(engine)
