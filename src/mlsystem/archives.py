"""Python's `tarfile`, with the filters that keep what is unpacked inside its folder: Debian 12's Python 3.11.2 is older than they are."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile  # noqa: TID251 - here it is the right one
else:
    from backports import tarfile

__all__ = ["tarfile"]
