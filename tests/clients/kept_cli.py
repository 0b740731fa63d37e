"""The first version of the AWS CLI, imported once: each command is a fork of it, with its own words, settings, folder and streams.

The program itself imports and reads for a second of one core before it asks anything, and a script runs it forty times. What it is
otherwise the fork is too: the same `main`, of a session that has read no settings of anybody's yet.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
BEGIN = "import sys; from tests.clients.kept_cli import serve; serve(int(sys.argv[1]))"
LONGEST_REQUEST = 512 * 1024
# Which the scripts ask most.
SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "stepfunctions",
    "sts",
)
# Imported when `aws s3` is first used.
PARTS = ("awscli.customizations.s3.subcommands", "s3transfer.manager")
CLIENT = """#!{python} -IS
import json, os, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {longest})
server.connect({path!r})
request = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
sys.exit(int(server.recv(100) or b"70"))
"""


@contextmanager
def kept_cli(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The path of a program that is the CLI for whoever runs it; the folder's path must be short."""
    path, program = folder / "cli.sock", folder / "aws"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        command = [sys.executable, "-c", BEGIN, str(listener.fileno())]
        own = {name: environment[name] for name in ("HOME", "PATH")}
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL, env=own)
    try:
        program.write_text(CLIENT.format(python=sys.executable, path=str(path), longest=LONGEST_REQUEST))
        program.chmod(0o755)
        yield program
    finally:
        process.terminate()
        process.wait(10)


# ---------------------------------------------------------------------- in the process that is forked
def serve(descriptor: int) -> None:
    listener = socket.socket(fileno=descriptor)
    _prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for commands: they tell their status themselves
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _run(connection)
        connection.close()


def _prepare() -> None:
    from awscli import clidriver  # type: ignore[import-untyped]

    driver = clidriver.create_clidriver()
    for service in SERVICES:
        driver.session.create_client(
            service, region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nothing"
        )
    for name in PARTS:
        importlib.import_module(name)
    with redirect_stdout(io.StringIO()):
        # By another one: a session remembers what its commands were told.
        clidriver.create_clidriver().main(["sts", "get-caller-identity", "--generate-cli-skeleton"])
        with suppress(SystemExit):
            driver.main(["--version"])
    clidriver.create_clidriver = lambda: driver
    gc.collect()
    gc.freeze()  # so that no collection copies the pages that forks share


def _run(connection: socket.socket) -> NoReturn:
    from awscli import clidriver

    status = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        data, streams, _flags, _address = socket.recv_fds(connection, LONGEST_REQUEST, 3)
        request = json.loads(data)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["aws", *request["arguments"]]
        status = clidriver.main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        connection.send(str(status).encode())
        os._exit(status)
