"""What one run of the client is to do, as the engine wrote it down, and what it tells in the end."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

MEGABYTE = 1024 * 1024
# BatchStrategy, as the container says and is told it.
MULTI_RECORD, SINGLE_RECORD = "MULTI_RECORD", "SINGLE_RECORD"


@dataclass(frozen=True)
class Source:
    """An input object: `name` is `bucket/key`, its content lies in `input`, its answers are to be in `output`."""

    name: str
    input: str
    output: str


@dataclass(frozen=True)
class Config:
    """Members of CreateTransformJob; None where the container may say (`max_*`, `strategy`), or where nothing was given."""

    socket: str
    result: str
    sources: list[Source]
    content_type: str
    accept: str
    is_gzip: bool
    is_split: bool
    is_assembled_by_line: bool
    strategy: str | None
    max_concurrent: int | None
    max_payload_mb: int | None
    timeout_seconds: float
    max_retries: int
    input_filter: str
    output_filter: str
    is_joined: bool


@dataclass(frozen=True)
class Limits:
    """How requests are made. `payload_bytes` None: of any size, sent in chunks."""

    concurrent: int
    payload_bytes: int | None
    is_multi_record: bool

    @property
    def sentence(self) -> str:
        """As SageMaker writes it at the head of the data log."""
        megabytes = (self.payload_bytes or 0) // MEGABYTE
        strategy = MULTI_RECORD if self.is_multi_record else SINGLE_RECORD
        return f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={megabytes}, BatchStrategy={strategy}"


@dataclass(frozen=True)
class Failure:
    """An input object of which nothing is uploaded."""

    name: str
    reason: str


@dataclass(frozen=True)
class Result:
    """`failures` of `count` objects."""

    count: int
    failures: list[Failure]


def read_config(path: Path) -> Config:
    content = json.loads(path.read_text())
    return Config(**{**content, "sources": [Source(**one) for one in content["sources"]]})


def write_config(path: Path, config: Config) -> None:
    _write(path, json.dumps(asdict(config)))


def read_result(path: Path) -> Result | None:
    """None where the client did not come to its end."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return Result(content["count"], [Failure(**one) for one in content["failures"]])


def write_result(path: Path, result: Result) -> None:
    _write(path, json.dumps(asdict(result)))


def _write(path: Path, text: str) -> None:
    """All of it or nothing: the other side may read at any time."""
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(text)
    aside.rename(path)
