"""Objects of S3: a large one in and out beside a copy of the same file, and a long list of small ones.

    python benchmarks/objects.py [--megabytes 1024] [--objects 10000] [--rounds 3] [--json]

Both the object and the copy are on the disk when their time ends: a copy is flushed, an upload is durable when it is answered. Uploads
are those of boto3's `upload_file` (parts of 8 MB, ten at a time), as programs make them; signing and checksums are in its time. A round
before those that count has the disk give out its blocks. Aims: a large object at the disk's own speed, 10,000 small objects listed in
under a second; how long boto3 then takes to read the answers is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.bare_programs import seconds_of
from tests.live import LiveEngine

MIB = 1 << 20
BUCKET = "bench"
WRITERS = 8
LIST_AIM_SECONDS = 1.0


def copied(source: Path, target: Path) -> None:
    with source.open("rb") as one, target.open("wb") as other:
        shutil.copyfileobj(one, other, MIB)
        other.flush()
        os.fsync(other.fileno())


def large_object(s3: Any, folder: Path, megabytes: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, by rounds."""
    source = folder / "source"
    piece = os.urandom(MIB)
    with source.open("wb") as file:
        for _ in range(megabytes):
            file.write(piece)
    found: dict[str, list[float]] = {"copy": [], "upload": [], "download": []}
    for number in range(1 + rounds):
        key, back = f"large-{number}", folder / "back"
        found["copy"].append(seconds_of(lambda: copied(source, folder / "copy")))
        found["upload"].append(seconds_of(lambda key=key: s3.upload_file(str(source), BUCKET, key)))
        found["download"].append(seconds_of(lambda key=key, back=back: s3.download_file(BUCKET, key, str(back))))
        if back.stat().st_size != source.stat().st_size:
            raise SystemExit(f"{key}: {back.stat().st_size} bytes came back of {source.stat().st_size}")
        s3.delete_object(Bucket=BUCKET, Key=key)
    return {way: values[1:] for way, values in found.items()}


def small_objects(s3: Any, count: int) -> dict[str, float]:
    def put(number: int) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"small/{number:06d}", Body=b"1,2,3\n")

    def write_all() -> None:
        with ThreadPoolExecutor(WRITERS) as writers:
            list(writers.map(put, range(count)))

    def list_all() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="small/")
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    written = seconds_of(write_all)
    if len(list_all()) != count:
        raise SystemExit(f"{len(list_all())} objects are listed of {count}")
    with answered(s3, "ListObjectsV2") as waits:
        listed = seconds_of(list_all)
    return {
        "objects": count,
        "written_per_second": round(count / written),
        "list_s": round(sum(waits), 3),
        "list_with_boto3_s": round(listed, 3),
    }


@contextmanager
def answered(client: Any, operation: str) -> Iterator[list[float]]:
    """Of each such call, once it is over, the seconds from sending it until its whole answer is there, not yet read by boto3."""
    waits: list[float] = []
    sent = 0.0

    def send(**_: object) -> None:
        nonlocal sent
        sent = time.perf_counter()

    def answer(**_: object) -> None:
        waits.append(time.perf_counter() - sent)

    events = client.meta.events
    events.register(f"before-send.s3.{operation}", send)
    events.register(f"before-parse.s3.{operation}", answer)
    try:
        yield waits
    finally:
        events.unregister(f"before-send.s3.{operation}", send)
        events.unregister(f"before-parse.s3.{operation}", answer)


def measure(megabytes: int, objects: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        engine = LiveEngine(folder / "engine")
        engine.start()
        try:
            s3 = engine.client("s3")
            s3.create_bucket(Bucket=BUCKET)
            times = large_object(s3, folder, megabytes, rounds)
            small = small_objects(s3, objects)
        finally:
            engine.stop()
    medians = {way: statistics.median(values) for way, values in times.items()}
    rows = {
        way: {
            "megabytes_per_second": round(megabytes / seconds),
            "of_copy": round(statistics.median(c / o for c, o in zip(times["copy"], times[way], strict=True)), 3),
        }
        for way, seconds in medians.items()
    }
    return {f"{megabytes} MiB": rows, "small objects": small}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.megabytes, options.objects, options.rounds)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{f'{options.megabytes} MiB':14}{'MiB/s':>8}{'of a copy':>11}")
    for way, row in found[f"{options.megabytes} MiB"].items():
        print(f"{way:14}{row['megabytes_per_second']:>8}{row['of_copy']:>11.3f}")
    small = found["small objects"]
    print(
        f"\n{small['objects']} small objects: {small['written_per_second']} written a second, listed in {small['list_s']} s, "
        f"with boto3's reading of the answers in {small['list_with_boto3_s']} s"
    )
    print(f"aim: listed in under {LIST_AIM_SECONDS:g} s: {'met' if small['list_s'] < LIST_AIM_SECONDS else 'missed'}")


if __name__ == "__main__":
    main()
