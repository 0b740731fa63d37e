"""Instants as S3 writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso_instant(seconds: float) -> str:
    """`2021-11-12T00:00:00Z`"""
    return instant(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_instant(value: datetime | str) -> str:
    """As a header has it (`Tue, 01 Jan 2030 00:00:00 GMT`): S3 keeps `Expires` as it was sent."""
    return value if isinstance(value, str) else format_datetime(value.astimezone(UTC), usegmt=True)
