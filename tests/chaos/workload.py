"""What clients ask of the engine in a chaos run, all at once, and what of it was acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.engine import PATIENCE_SECONDS, BentEngine
from tests.chaos.evidence import Answered, Evidence
from tests.chaos.world import ENDPOINT, MACHINE, SOURCE, TOPIC, config

BUCKET = "objects"
EXECUTIONS = 2
PART_BYTES = 5 << 20
PAUSE_SECONDS = 0.08
REFUSED = (BotoCoreError, ClientError)


class Workload:
    """`start`, then `stop`, then `finish` once all faults are over; what it saw is in `seen`."""

    def __init__(self, live: BentEngine, seen: Evidence, chance: random.Random):
        self._live = live
        self._seen = seen
        self._chance = chance
        self._over = threading.Event()
        self._tasks = (self._objects, self._messages, self._executions, self._requests, self._shift)
        self._pool = ThreadPoolExecutor(len(self._tasks))
        self._clients: list[Future[None]] = []

    def start(self) -> None:
        # Each has its own chance: how they take turns must not change what each does.
        self._clients = [self._pool.submit(task, random.Random(self._chance.random())) for task in self._tasks]

    def stop(self) -> None:
        """Raises what a client met that no fault explains."""
        self._over.set()
        self._pool.shutdown()
        for client in self._clients:
            client.result()

    def finish(self) -> None:
        """What was never acknowledged is asked for again, where that is safe."""
        for number in range(EXECUTIONS):
            self._start(number)
        if not self._seen.is_shift_acknowledged:
            self._ask_for_shift()

    def _turns(self, pause_seconds: float = PAUSE_SECONDS) -> Iterator[int]:
        number = 0
        while not self._over.wait(pause_seconds):
            yield number
            number += 1

    # ------------------------------------------------------------------ S3
    def _objects(self, chance: random.Random) -> None:
        """A key whose last change is uncertain is left alone from then on: the change may still be on its way."""
        sure: list[str] = []
        for number in self._turns():
            what = chance.choice(["put", "put", "replace", "delete", "parts"])
            key = f"k{number}" if what in ("put", "parts") or not sure else chance.choice(sure)
            body = None if what == "delete" else chance.randbytes(chance.choice([0, 10, 1000, 100_000]))
            if what == "parts":
                body = b"p" * PART_BYTES + (body or b"")
            if self._change(key, body, is_in_parts=what == "parts"):
                sure += [key] if key not in sure else []
            elif key in sure:
                sure.remove(key)

    def _change(self, key: str, body: bytes | None, is_in_parts: bool) -> bool:
        """Whether it was acknowledged."""
        before = self._seen.may_be.get(key, {None})
        self._seen.may_be[key] = before | {body}
        s3 = self._live.hasty("s3")
        try:
            if body is None:
                s3.delete_object(Bucket=BUCKET, Key=key)
            elif is_in_parts:
                _put_in_parts(s3, key, body)
            else:
                s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        except REFUSED:
            return False
        self._seen.may_be[key] = {body}
        return True

    # ------------------------------------------------------------------ messages
    def _messages(self, chance: random.Random) -> None:
        for number in self._turns(2 * PAUSE_SECONDS):
            mark = f"mark-{number}-{chance.choice('ps')}"
            with suppress(*REFUSED):
                if mark.endswith("p"):
                    self._live.hasty("sns").publish(TopicArn=TOPIC, Subject=mark, Message="a message")
                else:
                    entry = {"Source": SOURCE, "DetailType": "Mark", "Detail": json.dumps({"mark": mark})}
                    answer = self._live.hasty("events").put_events(Entries=[entry])
                    if answer["FailedEntryCount"]:
                        continue
                self._seen.published.add(mark)

    # ------------------------------------------------------------------ executions
    def _executions(self, _: random.Random) -> None:
        number = 0
        for _turn in self._turns(4 * PAUSE_SECONDS):
            with suppress(*REFUSED):
                self._start(number)
                number += 1
            if number == EXECUTIONS:
                return

    def _start(self, number: int) -> None:
        """Safe to repeat: a name and an input are one execution."""
        name, given = f"x{number}", json.dumps({"value": number})
        try:
            self._live.hasty("stepfunctions").start_execution(stateMachineArn=MACHINE, name=name, input=given)
        except ClientError as error:
            # It was started, nobody was told, and it has ended.
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
        self._seen.started.add(name)

    # ------------------------------------------------------------------ the endpoint
    def _requests(self, _: random.Random) -> None:
        for number in self._turns(0.02):
            self.ask(f"r{number}")

    def ask(self, number: str) -> Answered | None:
        """One request on a connection of its own; None when it did not get a model's answer."""
        connection = HTTPConnection("127.0.0.1", self._live.port, timeout=PATIENCE_SECONDS)
        asked = time.monotonic()
        try:
            connection.request("POST", f"/endpoints/{ENDPOINT}/invocations", number, {"content-type": "text/csv"})
            answer = connection.getresponse()
            body = answer.read().decode()
        except (HTTPException, OSError):
            return None
        finally:
            connection.close()
        if answer.status != 200:
            return None
        word, version, said = body.split(",")
        if (word, said) != ("hello", number):
            self._seen.wrong_answers.append(f"request {number} got {body!r}")
        found = Answered(number, version, asked, time.monotonic())
        self._seen.answers.append(found)
        return found

    def _shift(self, chance: random.Random) -> None:
        if chance.random() < 0.5:
            return
        for number in self._turns(0.5):
            if number:
                with suppress(*REFUSED):
                    self._ask_for_shift()
                    return

    def _ask_for_shift(self) -> None:
        sagemaker = self._live.hasty("sagemaker")
        if self._seen.shift_asked is not None:
            found = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
            if found["EndpointStatus"] != "InService" or found["EndpointConfigName"] == config("2"):
                self._seen.is_shift_acknowledged = True
                return
        if self._seen.shift_asked is None:
            self._seen.shift_asked = time.monotonic()
        sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config("2"))
        self._seen.is_shift_acknowledged = True


def _put_in_parts(s3: Any, key: str, body: bytes) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    place = {"Bucket": BUCKET, "Key": key, "UploadId": upload}
    parts = []
    for number, start in enumerate(range(0, len(body), PART_BYTES), 1):
        part = body[start : start + PART_BYTES]
        parts.append({"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=part)["ETag"]})
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
