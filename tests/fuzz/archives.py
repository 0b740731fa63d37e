"""Archives and buildspecs that somebody damaged, or made on purpose."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from mlsystem.archives import BROKEN_TAR, tarfile
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.services.codebuild.buildspec_program import BuildspecError, read_buildspec
from mlsystem.engine.services.lambda_.code import _check_archive, unpack
from mlsystem.image_tree import apply_layer
from tests.fuzz import texts
from tests.fuzz.kind import Finding, in_folder
from tests.fuzz.mutations import havoc_bytes

OUTSIDE = "fuzz-outside"
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


def _buildspec(folder: Path) -> Callable[[str], None]:
    def do(text: str) -> None:
        read_buildspec(text + "\n", folder)  # a single line is a path

    return do


ARCHIVES = in_folder("archives", _archive, _unpacking, AwsError, ActionFailed, *BROKEN_TAR)
BUILDSPECS = in_folder("buildspecs", texts.buildspec, _buildspec, BuildspecError)
