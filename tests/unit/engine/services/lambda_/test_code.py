"""ZIP files of functions are unpacked inside their folder, whatever is in them, or refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.services.lambda_.code import unpack

LINK, FILE = 0o120777, 0o100644


def packed(*members: tuple[str, int, bytes]) -> zipfile.ZipFile:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, mode, content in members:
            item = zipfile.ZipInfo(name)
            item.external_attr = mode << 16
            archive.writestr(item, content)
    return zipfile.ZipFile(held)


@pytest.mark.parametrize("name", ["../link", "/link", "a/../../link"])
def test_a_link_is_made_inside(tmp_path: Path, name: str) -> None:
    unpack(packed((name, LINK, b"app.py"), ("app.py", FILE, b"x")), tmp_path / "code")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code"]
    assert [path.name for path in (tmp_path / "code").rglob("*") if path.is_symlink()] == ["link"]


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(ActionFailed, match="cannot be unzipped"):
        unpack(packed(("l", LINK, str(outside).encode()), ("l/x", FILE, b"mine")), tmp_path / "code")
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "code").exists()


@pytest.mark.parametrize("damage", [b"PK\x01\x02", b"app.py"])
def test_a_damaged_file_is_refused_for_good(tmp_path: Path, damage: bytes) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", "x" * 500)
    data = bytearray(held.getvalue())
    place = 30 if damage == b"app.py" else 34
    data[place : place + 8] = b"\xff" * 8
    with pytest.raises(ActionFailed) as caught:
        unpack(zipfile.ZipFile(io.BytesIO(bytes(data))), tmp_path / "code")
    assert caught.value.code == "InvalidZipFileException"


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed):
        unpack(packed(("", LINK, b"x")), tmp_path / "code")


def test_a_link_to_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed):
        unpack(packed(("l", LINK, b"\xff")), tmp_path / "code")
