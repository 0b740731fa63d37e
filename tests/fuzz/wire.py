"""The same requests over the wire: signed, through Envoy, to an engine in a process of its own; some with what is wrong on the way only.

Of fewer services than in this process: those whose requests start no program.
"""

from __future__ import annotations

import http.client
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from botocore import xform_name
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mlsystem.engine.coverage import wired_rooms
from tests.fuzz.inside import Answer
from tests.fuzz.kind import Finding, Kind, Session
from tests.fuzz.mutations import havoc
from tests.fuzz.operations import check_answer, make_request
from tests.fuzz.requests import SIGNING_NAMES, Sent
from tests.fuzz.shapes import Known
from tests.fuzz.things import make_world
from tests.live import LiveEngine

SERVICES = frozenset(
    (
        "iam",
        "sts",
        "s3",
        "kms",
        "logs",
        "cloudwatch",
        "events",
        "secretsmanager",
        "ecr",
        "efs",
        "ec2",
        "sns",
        "servicecatalog",
    )
)
PATIENCE_SECONDS = 30.0  # beside everything else that this machine does
UNSENDABLE = ("content-length", "transfer-encoding", "expect", "connection")


class LiveWorld:
    """What `make_world` asks of an engine."""

    def __init__(self, engine: LiveEngine):
        self._engine = engine

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._engine.client(service), xform_name(operation))(**request)
        return answer

    def ask(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        bucket, _, key = path.lstrip("/").partition("/")
        made = self._engine.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["ResponseMetadata"]
        return Answer(made["HTTPStatusCode"], made["HTTPHeaders"], b"")


class Wire:
    """`run` sends a request, and looks at what the engine wrote into its log meanwhile."""

    def __init__(self, engine: LiveEngine, known: Known):
        self._engine, self._known = engine, known
        root = engine.credentials()
        self._region = root["region"]
        self._credentials = Credentials(root["access_key_id"], root["secret_access_key"])
        rooms = [room for room in wired_rooms() if room.service in SERVICES]
        self._accepted = {
            (room.service, name): mark.accepts for room in rooms for name, (mark, _) in room.operations.items()
        }
        self._operations = sorted(self._accepted)
        self._log = (engine.folder / "engine.log").open("rb")
        self._log.seek(0, 2)

    def make(self, chance: Random) -> Sent:
        made = make_request(chance, self._operations, self._accepted, self._known)
        signed = self._signed(made)
        if chance.random() < 0.1:
            name = chance.choice(sorted(signed.headers))
            text = signed.headers[name]
            signed = replace(signed, headers={**signed.headers, name: havoc(text, chance, (text,))})
        return signed

    def _signed(self, given: Sent) -> Sent:
        kept = {
            name: value
            for name, value in given.headers.items()
            if name.lower() not in (*UNSENDABLE, "authorization", "host")
        }
        url = self._engine.url + given.path + (f"?{given.query}" if given.query else "")
        request = AWSRequest(given.method, url, data=given.body, headers=kept)
        signer = S3SigV4Auth if given.service == "s3" else SigV4Auth
        try:
            signer(self._credentials, SIGNING_NAMES.get(given.service, given.service), self._region).add_auth(request)
        except (ValueError, AttributeError):  # of headers that no signer takes
            return given  # as it is: without a signature that counts
        return replace(given, headers=dict(request.headers.items()))

    def run(self, given: Sent) -> str:
        host, _, port = self._engine.url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
        try:
            connection.request(
                given.method, given.path + (f"?{given.query}" if given.query else ""), given.body, dict(given.headers)
            )
        except (ValueError, http.client.InvalidURL):
            return "unsendable"
        except ConnectionError:
            pass  # a door may answer before it has read everything
        try:
            found = connection.getresponse()
            answer = Answer(found.status, dict(found.getheaders()), found.read())
        except (OSError, http.client.HTTPException) as error:
            raise Finding(f"no answer to {given.service}:{given.operation}", repr(error)) from error
        finally:
            connection.close()
        self._look_at_log()
        if answer.status >= 500 and answer.status != 501:
            raise Finding(f"{answer.status} of {given.service}:{given.operation}", repr(answer.body[:500]))
        if "x-amzn-requestid" in {name.lower() for name in answer.headers}:  # else the door's own
            check_answer(given, answer)
        return f"{answer.status // 100}xx"

    def _look_at_log(self) -> None:
        written = self._log.read().decode(errors="replace")
        if "Traceback" in written:
            raise Finding(f"log: {written.strip().splitlines()[-1][:120]}", written[-3000:])


@contextmanager
def _session() -> Iterator[Session]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    engine = LiveEngine(folder / "home")
    try:
        engine.start()
        yield Wire(engine, make_world(LiveWorld(engine), SERVICES))
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


WIRE = Kind("wire", _session, share=3)
