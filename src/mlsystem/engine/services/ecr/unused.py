"""Layers, manifests and unpacked trees that nothing names any more: ECR removes an image's record at once, its files follow a day later.

What endpoints, functions and jobs that have not ended were made of stays, although its image was deleted: they are started from it again.
"""

from __future__ import annotations

import re

from sqlalchemy import and_, or_, select

from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.store import schema
from mlsystem.engine.store.database import Database

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ENDED = ("Completed", "Failed", "Stopped")
_records = schema.records.c
_NAMING = select(_records.body).where(
    or_(*(_records.kind.startswith(room) for room in ("ecr.", "lambda.", "sagemaker."))),
    ~and_(_records.kind.endswith("_job"), _records.state.in_(ENDED)),
)


def sweep_images(database: Database, images: ImageStore, before: float) -> int:
    """Remove what is unused and was written, or asked for by who pushes an image, before that. How many files and trees."""
    with database.reading() as tx:
        named = {digest for body in tx.connection.execute(_NAMING).scalars() for digest in DIGEST.findall(body)}
    return images.sweep(named, before)
