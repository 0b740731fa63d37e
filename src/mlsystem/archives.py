"""Python's `tarfile`, with the filters that keep what is unpacked inside its folder: Debian 12's Python 3.11.2 is older than they are.

And what archives that somebody else made may raise while they are read: beside what the libraries say themselves, what comes of fields that
they do not look at first (a number that is none, a name in no alphabet, a link to itself).
"""

import lzma
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile  # noqa: TID251 - here it is the right one
else:
    from backports import tarfile

_BROKEN = (
    EOFError,
    LookupError,  # a member without a name, or that the directory has not
    OverflowError,
    RuntimeError,  # encrypted, or of an unknown compression; and a recursion without an end
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
BROKEN_TAR = (tarfile.TarError, OSError, *_BROKEN)
BROKEN_ZIP = (zipfile.BadZipFile, *_BROKEN)

__all__ = ["BROKEN_TAR", "BROKEN_ZIP", "tarfile"]
