"""What comes as files: data sets, captured traffic and its ground truth, archives, buildspecs, and requests to the deployed API."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from mlsystem.archives import BROKEN_TAR, tarfile
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.services.codebuild.buildspec_program import BuildspecError, read_buildspec
from mlsystem.engine.services.lambda_.code import _check_archive, unpack
from mlsystem.image_tree import apply_layer
from mlsystem.monitor.errors import MonitorError
from mlsystem.monitor.quality_run import MergeJob, merge
from mlsystem.monitor.reading import DatasetFormat, Kind
from mlsystem.monitor.run import Job, run
from tests.fuzz import kind as kinds
from tests.fuzz import texts
from tests.fuzz.kind import Finding, Session, Simple
from tests.fuzz.mutations import changed, edge_text, edge_value, havoc, havoc_bytes, json_text

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OUTSIDE = "fuzz-outside"


# ---------------------------------------------------------------------- data sets
CSV = (
    "a,b,c\n1,x,0.5\n2,y,1.5\n3,,2.5\n",
    "1,2\n3,4\n",
    'a,"b ""q""",c\n1,"x\ny",3\n',
    "a\tb\n1\t2\n",
    "a,a,\n1,2,3\n",
    "\ufeffa,b\n1,2\n",
)
CSV_WORDS = (
    ",",
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    ",,",
    "1e999",
    "NaN",
    "nan",
    "-inf",
    "1_000",
    "0x1",
    "true",
    "2026-01-01",
    "\0",
    "é",
    "9" * 40,
    "'",
    ";",
    "\\N",
    "null",
    "-0",
    ".5",
    "1.",
    "+1",
)
LINES = ('{"a": 1, "b": "x", "c": [1, {"d": 2}]}\n{"a": 2, "b": null}\n', "[1, 2]\n[3, 4]\n", '{"features": [1, 2]}\n')


def _captured(chance: Random) -> Any:
    def body(data: str, mode: str) -> Any:
        encoding = chance.choice(("CSV", "JSON", "BASE64"))
        return {"observedContentType": chance.choice(("text/csv", "application/json", "application/jsonlines", "image/png", "")),
        "mode": mode, "encoding": encoding,
                "data": base64.b64encode(data.encode("utf-8", "surrogatepass")).decode() if encoding == "BASE64" else data}  # fmt: skip

    inputs = chance.choice(
        (
            "1,2,x",
            "1,2\n3,4",
            '{"instances": [[1, 2], [3, 4]]}',
            '{"a": {"b": 1}}',
            '{"features": [1, "x"]}',
            "",
            texts.payload(chance),
        )
    )
    outputs = chance.choice(("0.5", "0.5\n0.7", '{"predictions": [0.1, 0.2]}', "yes", texts.payload(chance)))
    identity = chance.choice(("e-1", "e-2", "e-3", edge_text(chance)))
    return {"captureData": {"endpointInput": body(inputs, "INPUT"), "endpointOutput": body(outputs, "OUTPUT")},
            "eventMetadata": {"eventId": identity, "inferenceId": identity, "inferenceTime": "2026-04-18T00:21:48Z"},
            "eventVersion": "0"}  # fmt: skip


def _truth(chance: Random) -> Any:
    data = chance.choice(("1", "0", "x", edge_text(chance)))
    return {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": chance.choice(("e-1", "e-2"))},
        "eventVersion": "0",
    }


def _records(chance: Random, make: Callable[[Random], Any]) -> str:
    lines = []
    for _ in range(chance.choice((1, 2, 5))):
        record = make(chance)
        lines.append(json_text(changed(record, chance) if chance.random() < 0.4 else record, chance))
    text = "\n".join(lines) + "\n"
    return havoc(text, chance, (text,)) if chance.random() < 0.2 else text


def _encoded(text: str, chance: Random) -> bytes:
    data = text.encode(chance.choice(("utf-8", "utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig")), "surrogatepass")
    where = chance.random()
    return gzip.compress(data, 1, mtime=0) if where < 0.05 else havoc_bytes(data, chance) if where < 0.15 else data


def _data(chance: Random) -> tuple[Kind, bool, bytes]:
    kind = chance.choice((Kind.CSV, Kind.CSV, Kind.JSON_LINES, Kind.CAPTURE))
    if kind is Kind.CSV:
        text = havoc(chance.choice(CSV), chance, CSV, CSV_WORDS)
    elif kind is Kind.JSON_LINES:
        text = (
            havoc(chance.choice(LINES), chance, LINES)
            if chance.random() < 0.5
            else _records(chance, lambda one: {"a": edge_value(one), "b": 1})
        )
    else:
        text = _records(chance, _captured)
    return kind, chance.random() < 0.8, _encoded(text, chance)


class _Datasets:
    """Each input is profiled, and then checked against the baseline that was made of it, or of one that was right."""

    def __init__(self, folder: Path):
        self._folder = folder

    def run(self, given: tuple[Kind, bool, bytes]) -> None:
        kind, has_header, data = given
        place = self._folder / ("data.csv" if kind is Kind.CSV else "data.jsonl")
        place.write_bytes(data)
        form = DatasetFormat(kind, has_header)
        baseline = self._folder / "baseline"
        shutil.rmtree(baseline, ignore_errors=True)
        run(self._job(place, form, baseline), None, lambda: NOW)
        run(self._job(place, form, self._folder / "out", baseline), None, lambda: NOW)

    def _job(self, place: Path, form: DatasetFormat, output: Path, baseline: Path | None = None) -> Job:
        known = (baseline / "constraints.json", baseline / "statistics.json") if baseline else (None, None)
        return Job([place], form, output, output / "message", output / "metrics", *known)


def _merging(chance: Random) -> tuple[bytes, bytes]:
    return _encoded(_records(chance, _captured), chance), _encoded(_records(chance, _truth), chance)


def _in_folder(
    run_in: Callable[[Path], Callable[[Any], object]], make: Callable[[Random], Any], *refusals: type[Exception]
) -> Callable[[], Any]:
    @contextmanager
    def session() -> Iterator[Session]:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            yield Simple(make, run_in(Path(folder)), refusals)

    return session


def _merge(folder: Path) -> Callable[[tuple[bytes, bytes]], None]:
    def do(given: tuple[bytes, bytes]) -> None:
        captures, truths = folder / "captures.jsonl", folder / "truths.jsonl"
        captures.write_bytes(given[0])
        truths.write_bytes(given[1])
        merge(MergeJob(captures, truths, folder / "merged", folder / "message"))

    return do


# ---------------------------------------------------------------------- archives
MEMBERS = (
    "app.py",
    "a/b",
    "../x",
    "/x",
    "a/../../x",
    "",
    ".",
    "..",
    "a" * 300,
    "é",
    "a/",
    ".wh.a",
    ".wh..wh..opq",
    ".wh.",
    ".wh..",
    "a\0b",
    "l/x",
    "../" + OUTSIDE,
    "b/.wh.c",
    "\udcff",
)


def _zip(chance: Random) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for _ in range(chance.randrange(4)):
            item = zipfile.ZipInfo(chance.choice(MEMBERS[:-1]) or "x")
            item.external_attr = chance.choice((0, 0o100644, 0o120777, 0o40755, 0o60644, 0o100000, 0o104777)) << 16
            archive.writestr(
                item, chance.choice((b"", b"x", b"../" + OUTSIDE.encode(), b"/etc", b"\xff", b"a" * 5000, b"a\0b"))
            )
    data = held.getvalue()
    return havoc_bytes(data, chance) if chance.random() < 0.6 else data


def _tar(chance: Random) -> bytes:
    held = io.BytesIO()
    kinds_of_members = (
        tarfile.REGTYPE,
        tarfile.DIRTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.FIFOTYPE,
        b"9",
        tarfile.GNUTYPE_SPARSE,
    )
    form = chance.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.open(fileobj=held, mode="w", format=form, errors="surrogateescape") as archive:
        for _ in range(chance.randrange(5)):
            member = tarfile.TarInfo(chance.choice(MEMBERS))
            member.type = chance.choice(kinds_of_members)
            member.linkname = chance.choice(MEMBERS) if member.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            member.mode = chance.choice((0o644, 0, 0o4777, 0o7777777))
            data = b"x" * chance.choice((0, 1, 600)) if member.isreg() else b""
            member.size = len(data)
            if chance.random() < 0.2 and form == tarfile.PAX_FORMAT:
                member.pax_headers = {
                    chance.choice(
                        ("path", "size", "mtime", "uid", "GNU.sparse.map", "GNU.sparse.size", "SCHILY.xattr.a")
                    ): chance.choice(("1", "-1", "x", "0,9", "a" * 200, "1e999"))
                }
            archive.addfile(member, io.BytesIO(data))
    data = held.getvalue()
    if chance.random() < 0.5:
        data = havoc_bytes(data[:2048], chance) + data[2048:]
    where = chance.random()
    return (
        havoc_bytes(gzip.compress(data, 1, mtime=0), chance)
        if where < 0.1
        else gzip.compress(data, 1, mtime=0)
        if where < 0.2
        else data
    )


def _archive(chance: Random) -> tuple[str, bytes]:
    return ("zip", _zip(chance)) if chance.random() < 0.5 else ("tar", _tar(chance))


def _unpacking(folder: Path) -> Callable[[tuple[str, bytes]], None]:
    """What is outside of the folder to unpack into must stay as it is."""
    outside, inside = folder / OUTSIDE, folder / "inside"
    outside.write_text("as it was")

    def do(given: tuple[str, bytes]) -> None:
        how, data = given
        shutil.rmtree(inside, ignore_errors=True)
        try:
            if how == "zip":
                _check_archive(data)
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    unpack(archive, inside)
            else:
                inside.mkdir()
                layer = folder / "layer.tar"
                layer.write_bytes(data)
                apply_layer(layer, inside)
        finally:
            if outside.read_text() != "as it was" or {path.name for path in folder.iterdir()} - {
                OUTSIDE,
                "inside",
                "layer.tar",
            }:
                raise Finding("an archive reaches out of its folder", repr(given))

    return do


# ---------------------------------------------------------------------- the deployed API's requests
@contextmanager
def _api() -> Iterator[Session]:
    """The function behind the API, with an inference server that answers anything."""
    sys.path.insert(0, str(texts.PROJECT / "api"))
    try:
        from app import PredictionProxy

        yield Simple(_api_event, lambda given: _call_api(PredictionProxy, given), ())
    finally:
        sys.path.remove(str(texts.PROJECT / "api"))


HEADER_NAMES = (
    "Content-Type",
    "content-type",
    "Accept",
    "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-Inference-Id",
    "X-Amzn-Trace-Id",
    "traceparent",
    "X-Api-Key",
)
HEADER_TEXTS = (
    "text/csv",
    "application/json",
    "text/csv; charset=x",
    "TEXT/CSV",
    "image/png",
    "",
    " ",
    "a" * 2000,
    "é",
    "id-1",
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=x;Sampled=1",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Root=;;=",
    "\t",
)
BODIES = (
    "1,2,x\n",
    "",
    " ",
    "{}",
    '{"instances": [[1]]}',
    "[1",
    "NaN",
    "[" * 100_000,
    '{"a":' * 50_000,
    "é",
    "\0",
    "1e999",
    "1" * 5000,
    "\n" * 10,
)


def _api_event(chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """What API Gateway gives to the function, and what the inference server answers. A body that is no UTF-8 comes in base64."""
    body: Any = (
        chance.choice(BODIES) if chance.random() < 0.6 else texts.payload(chance).encode("utf-8", "replace").decode()
    )
    is_binary = chance.random() < 0.3
    if is_binary:
        body = base64.b64encode(havoc_bytes(body[:5000].encode(), chance)).decode() if chance.random() < 0.8 else body
    headers = {chance.choice(HEADER_NAMES): chance.choice(HEADER_TEXTS) for _ in range(chance.randrange(6))}
    if chance.random() < 0.7:
        headers["content-type"] = chance.choice(HEADER_TEXTS[:2])
    event = {"httpMethod": chance.choice(("POST", "POST", "POST", "OPTIONS")), "path": "/api", "headers": chance.choice((headers,
    headers, headers, None)), "body": chance.choice((body, body, body, None)),
             "isBase64Encoded": is_binary, "requestContext": {}, "queryStringParameters": None}  # fmt: skip
    answer = {"Body": io.BytesIO(chance.choice((b"0.5\n", b"", b"x,y\n", b'{"predictions": [0.1]}', b"[" * 50_000, b"NaN",
    b"1e999\n", texts.payload(chance).encode("utf-8", "replace")))),
              "ContentType": chance.choice(("text/csv", "application/json", "text/csv; charset=utf-8", "x"))}  # fmt: skip
    return event, answer


def _call_api(proxy: Any, given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    event, answer = given
    answer["Body"].seek(0)
    runtime = SimpleNamespace(invoke_endpoint=lambda **_: answer)
    context = SimpleNamespace(function_name="f", function_version="1")
    with redirect_stdout(io.StringIO()) as told:
        result = proxy(runtime, "fuzz", "*", "fuzz").handle(event, context)
    json.loads(told.getvalue() or "{}", parse_constant=_no_number)
    assert result["statusCode"] < 500, result
    json.dumps(result).encode()


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON, and no metric")


def _buildspec(folder: Path) -> Callable[[str], None]:
    def do(text: str) -> None:
        read_buildspec(text + "\n", folder)  # a single line is a path

    return do


DATASETS = kinds.Kind(
    "datasets", _in_folder(lambda folder: _Datasets(folder).run, _data, MonitorError), share=3, epoch=20_000
)
GROUND_TRUTH = kinds.Kind("ground-truth", _in_folder(_merge, _merging, MonitorError), share=3, epoch=20_000)
ARCHIVES = kinds.Kind(
    "archives", _in_folder(_unpacking, _archive, AwsError, ActionFailed, *BROKEN_TAR), share=4, epoch=20_000
)
BUILDSPECS = kinds.Kind("buildspecs", _in_folder(_buildspec, texts.buildspec, BuildspecError), share=4, epoch=20_000)
API = kinds.Kind("api", _api, share=4, epoch=20_000)
FILES = (DATASETS, GROUND_TRUTH, ARCHIVES, BUILDSPECS, API)
