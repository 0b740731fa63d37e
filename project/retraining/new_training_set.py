"""The new data set: labelled requests, split into training and test, beside what the model that serves was trained on.

It lies under the hash of what it is made of, so that nothing is overwritten, and the same set is known again. Rows are written as they
come. What is kept of the older data is copied inside S3 where all of it is, else row by row.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from evidence import EvidenceError, Place, StoredObject, stored
from labelled_requests import LabelledRow

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PARTS = ("train", "test", "baseline")
DATASET_FILE = "dataset.json"  # describes the columns, beside training data
ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Shares:
    """Of the labelled rows, how many are for the test; of the older rows, how many stay; and the most labelled rows."""

    test: float
    keep: float
    most_rows: int


@dataclass(frozen=True)
class NewRows:
    """Files of labelled rows in a folder; `digest` is that of what is in them."""

    folder: Path
    rows: int
    test_rows: int
    digest: str


def write_rows(folder: Path, columns: list[str], target: str, rows: Iterable[LabelledRow], shares: Shares) -> NewRows:
    """Each row to train.csv or test.csv by its id, so that it is always in the same one; its features to baseline.csv."""
    digest, count, of_test = hashlib.sha256(), 0, 0
    with ExitStack() as files:
        writers = {
            name: csv.writer(files.enter_context((folder / f"{name}.csv").open("w", newline=""))) for name in PARTS
        }
        for name, writer in writers.items():
            writer.writerow(columns if name == "baseline" else [*columns, target])
        for row in islice(rows, shares.most_rows):
            is_test = _falls_within(row.id, shares.test)
            writers["test" if is_test else "train"].writerow([*row.cells, row.label])
            writers["baseline"].writerow(row.cells)
            digest.update("\x1f".join([row.id, *row.cells, row.label, "\n"]).encode())
            count, of_test = count + 1, of_test + is_test
    return NewRows(folder, count, of_test, digest.hexdigest())


def _falls_within(text: str, share: float) -> bool:
    return zlib.crc32(text.encode()) < share * 2**32


@dataclass(frozen=True)
class Base:
    """The files of the older data that are kept, with what they hold."""

    files: dict[str, list[StoredObject]]
    places: dict[str, Place]

    @classmethod
    def find(cls, s3: S3Client, training: Place, test: Place) -> Base:
        """Raises EvidenceError where there is no CSV file."""
        places = {"train": training, "test": test}
        found = {name: [one for one in stored(s3, place) if _is_data(one.key)] for name, place in places.items()}
        for name, files in found.items():
            if not any(one.key.endswith(ENDINGS) for one in files):
                raise EvidenceError(f"{places[name]}: no file ends in .csv or .csv.gz")
        return cls(found, places)


def _is_data(key: str) -> bool:
    return key.endswith((*ENDINGS, f"/{DATASET_FILE}"))


def digest_of(new: NewRows, base: Base, shares: Shares) -> str:
    """Of all that the set is made of."""
    parts = [new.digest, repr(shares.keep), repr(shares.test)]
    parts += [one.etag for name in sorted(base.files) for one in base.files[name]] if shares.keep else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def upload(s3: S3Client, new: NewRows, base: Base, shares: Shares, target: Place) -> dict[str, str]:
    """The set below `target`; what inputData.json says of it."""
    for name in PARTS:
        place = target / name / "new.csv"
        s3.upload_file(str(new.folder / f"{name}.csv"), place.bucket, place.key)
    for name, files in base.files.items():
        for number, item in enumerate(files):
            _keep(s3, base.places[name].bucket, item.key, target / name, f"kept-{number}", new.folder, shares.keep)
    return {
        "TrainingUri": f"{target / 'train'}/",
        "TestUri": f"{target / 'test'}/",
        "BaselineUri": f"{target / 'baseline'}/",
    }


def _keep(s3: S3Client, bucket: str, key: str, folder: Place, name: str, scratch: Path, share: float) -> None:
    if key.endswith(f"/{DATASET_FILE}"):
        _copy(s3, bucket, key, folder / DATASET_FILE)
    elif share == 1:
        _copy(s3, bucket, key, folder / f"{name}{'.csv.gz' if key.endswith('.gz') else '.csv'}")
    elif share > 0:
        path = scratch / f"{name}.csv"
        with path.open("w", newline="") as output:
            csv.writer(output).writerows(_sample(_rows_of(s3, bucket, key), share))
        s3.upload_file(str(path), folder.bucket, (folder / f"{name}.csv").key)
        path.unlink()


def _copy(s3: S3Client, bucket: str, key: str, target: Place) -> None:
    s3.copy({"Bucket": bucket, "Key": key}, target.bucket, target.key)


def _sample(rows: Iterator[list[str]], share: float) -> Iterator[list[str]]:
    """The header, and each row or not by what is in it."""
    yield from islice(rows, 1)
    yield from (row for row in rows if _falls_within("\x1f".join(row), share))


def _rows_of(s3: S3Client, bucket: str, key: str) -> Iterator[list[str]]:
    body: Any = s3.get_object(Bucket=bucket, Key=key)["Body"]
    content: IO[bytes] = gzip.GzipFile(fileobj=body) if key.endswith(".gz") else body  # type: ignore[assignment]
    return csv.reader(codecs.getreader("utf-8-sig")(content))
