"""Why an image could not be built or moved."""

from __future__ import annotations


class ImageError(Exception):
    """The message says what failed, where in the Dockerfile, and what to do."""
