"""The workers of a host: which keys of the function's role they hold."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from mlsystem.engine.runtime.function_host.config import Config, Place
from mlsystem.engine.runtime.function_host.invocation import Invocation
from mlsystem.engine.runtime.function_host.journal import Journal
from mlsystem.engine.runtime.function_host.pool import Pool

# A runtime whose function answers with the key that it was given.
RUNTIME = """
import os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as request:
        answer = f"{api}/{request.headers['Lambda-Runtime-Aws-Request-Id']}/response"
    urllib.request.urlopen(answer, os.environ["AWS_ACCESS_KEY_ID"].encode()).close()
"""


def _pool(folder: Path) -> Pool:
    config = Config(
        function="f",
        version="1",
        arn="arn:f",
        account="1",
        timeout_seconds=20.0,
        memory_mb=128,
        max_workers=1,
        is_reserved=False,
        has_json_log=False,
        idle_seconds=600.0,
        argv=[sys.executable, "-S", "-c", RUNTIME],
        working_directory="/",
        environment={},
    )
    place = Place(folder, "g")
    return Pool(config, place, Journal(config, folder, "g"))


def _write_key(folder: Path, key: str) -> None:
    (folder / "keys.json").write_text(json.dumps({"AWS_ACCESS_KEY_ID": key}))


async def _key_of_an_invocation(pool: Pool) -> str:
    outcome = await pool.invoke(Invocation("r", b"{}", "f", "arn:f"))
    return outcome.payload.decode()


async def _everything_ended(pool: Pool) -> None:
    """No worker is left, and no connection of one: that a worker is gone its connection may learn later than its task ends."""
    connections = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        while (
            pool.size or len(asyncio.all_tasks()) > 1 or any(not one.is_closing() for one in list(connections.values()))
        ):
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.005)  # what was closed last is freed in the loop's next round


def test_an_idle_worker_works_with_no_keys_that_were_replaced(tmp_path: Path) -> None:
    async def invoke_before_and_after() -> list[str]:
        pool = _pool(tmp_path)
        try:
            _write_key(tmp_path, "first")
            before = await _key_of_an_invocation(pool)
            _write_key(tmp_path, "second")
            return [before, await _key_of_an_invocation(pool)]
        finally:
            pool.close()
            await _everything_ended(pool)

    assert asyncio.run(invoke_before_and_after()) == ["first", "second"]
