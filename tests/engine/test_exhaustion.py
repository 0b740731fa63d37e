"""What a caller without limits, or from elsewhere, gets of a live engine."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role

PIECE = b"%x\r\n" % (1 << 20) + b"x" * (1 << 20) + b"\r\n"
CALLS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("sagemaker", lambda client: client.list_models(), "ThrottlingException"),
    ("iam", lambda client: client.list_roles(), "Throttling"),
    ("lambda", lambda client: client.list_functions(), "TooManyRequestsException"),
    ("s3", lambda client: client.list_buckets(), "SlowDown"),
    ("ec2", lambda client: client.describe_vpcs(), "RequestLimitExceeded"),
]
LISTENS = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


@pytest.mark.parametrize("path", ["/", "/bucket/key"])
def test_a_body_without_end_is_refused_unsigned(engine: LiveEngine, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    sent = 0
    try:
        connection.putrequest("PUT", path)
        connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()
        # It answers while it is being sent to, then hangs up.
        with suppress(ConnectionError):
            while sent < 512:
                connection.send(PIECE)
                sent += 1
        assert connection.getresponse().status in (403, 413)
    finally:
        connection.close()
    assert 32 <= sent < 256
    assert engine.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "somewhere"])
def test_an_engine_is_not_opened_to_others(tmp_path: Path, host: str) -> None:
    command = [sys.executable, "-m", "mlsystem.engine", str(tmp_path / "engine"), "--port", "0", "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert host in done.stderr
    assert done.stderr.count("\n") == 1


def test_whatever_an_engine_starts_listens_on_loopback_alone(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(options=["--console"])
    live.start()
    mine = set(_sockets_of(live.folder))
    heard = [(address, port) for address, port, inode in _listening() if inode in mine]
    assert live.port in [port for _, port in heard]
    assert {address for address, _ in heard} <= LOOPBACK


def test_a_caller_that_calls_too_often_is_told_to_wait_and_another_is_served(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine(options=["--calls-per-second", "1"])
    live.start()
    arn = role(live, "other")
    keys = live.client("sts").assume_role(RoleArn=arn, RoleSessionName="other")["Credentials"]
    other = live.client("sts", key=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"])
    for service, call, code in CALLS:
        client = live.client(service, attempts=2)
        with pytest.raises(ClientError, match="more calls than 1 a second") as error:
            for _ in range(100):
                call(client)
        assert error.value.response["Error"]["Code"] == code
        # boto3 takes it for a reason to wait, and has waited.
        assert error.value.response["ResponseMetadata"]["RetryAttempts"] == 1
    assert other.get_caller_identity()["Arn"].endswith("assumed-role/other/other")


def _sockets_of(folder: Path) -> Iterator[str]:
    """The inodes of the sockets of each process that was started with a path in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                for descriptor in (process / "fd").iterdir():
                    with suppress(OSError):
                        yield str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")


def _listening() -> Iterator[tuple[str, int, str]]:
    """Address as the kernel writes it, port, inode."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS:
                address, port = fields[1].split(":")
                yield address, int(port, 16), fields[9]
