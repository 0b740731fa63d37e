"""Instants as S3 writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso_instant(seconds: float) -> str:
    """`2021-11-12T00:00:00Z`"""
    return instant(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
