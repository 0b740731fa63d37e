"""A model is read once, and one that botocore does not have is told by name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.api_model import api_description, service_model


def test_of_those_that_ask_at_the_same_time_one_reads() -> None:
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: api_description("servicecatalog"), range(8)))
    assert all(one is read[0] for one in read)


def test_a_service_that_does_not_exist_is_told_by_name() -> None:
    with pytest.raises(AwsError, match="no service sagemakr"):
        service_model("sagemakr")
