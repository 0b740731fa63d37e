"""Requests to try an endpoint with: those that it was asked lately, else rows of the data with which its model was tested."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from mlsystem.client.captures import Captures, Cursor
from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Endpoint
from mlsystem.client.served_model import Model
from mlsystem.client.stored_file import FinalDocuments

MOST, LOOKED_AT, LONGEST = 5, 10, 4000  # examples, records, bytes
BEGINNING = 16 * 1024
MODEL_FOLDER, REQUESTS_FOLDER = "/output/", "/data/requests/"  # of a run, as the workflow writes them


@dataclass(frozen=True)
class Example:
    body: str
    content_type: str
    origin: str


def find_examples(
    connection: Connection, endpoint: Endpoint, models: list[Model], documents: FinalDocuments
) -> list[Example]:
    """A few short ones; none where there is neither."""
    found: dict[str, Example] = {}
    for variant in endpoint.variants[:1]:
        if endpoint.capture is not None and endpoint.capture.uri:
            captures = Captures(connection, endpoint.capture, endpoint.name, variant.name, documents)
            hour = captures.newest_hour()
            for record in captures.page(hour, Cursor(), most=LOOKED_AT).records if hour else ():
                if record.input is not None and record.input.is_text and len(record.input.data) <= LONGEST:
                    kind = record.input.content_type.partition(";")[0] or "text/csv"
                    found.setdefault(record.input.short, Example(record.input.text(), kind, "captured"))
    if not found and models:
        found = {row: Example(row, "text/csv", "test data") for row in _rows(connection, models[0].data)}
    return list(found.values())[:MOST]


def column_names(connection: Connection, models: list[Model]) -> list[str]:
    """Of a request to the first model; empty for a model that is no run's."""
    lines = _lines(connection, models[0].data) if models else []
    return lines[0].split(",") if lines else []


def _rows(connection: Connection, model_data: str) -> list[str]:
    return _lines(connection, model_data)[1 : MOST + 1]


def _lines(connection: Connection, model_data: str) -> list[str]:
    """The first of the requests that the run of a model keeps, headings first; none for a model that is no run's."""
    bucket, _, key = model_data.removeprefix("s3://").partition("/")
    run, folder, _ = key.rpartition(MODEL_FOLDER)
    if not folder:
        return []
    s3 = connection.client("s3")
    try:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{run}{REQUESTS_FOLDER}", MaxKeys=1).get("Contents", ())
        if not listed:
            return []
        beginning = s3.get_object(Bucket=bucket, Key=listed[0]["Key"], Range=f"bytes=0-{BEGINNING}")["Body"].read()
    except ClientError:
        return []  # an example less is no failure
    # The last line may not have come whole.
    return list(beginning.decode(errors="replace").splitlines())[: MOST + 1]
