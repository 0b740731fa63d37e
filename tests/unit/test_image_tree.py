"""Layers of strangers: whatever their names and links say, nothing beside the tree is read, written or removed."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from mlsystem.image_tree import apply_layer, entry, locate

Member = tuple[str, bytes, str]  # name, type, where a link leads


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("kept")
    (folder / "file").chmod(0o600)
    (folder / "link").symlink_to("file")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def _layer(tmp_path: Path, members: Iterable[Member]) -> Path:
    path = tmp_path / "layer.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, link, 0o755 if kind == tarfile.DIRTYPE else 0o644
            member.size = 4 if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"evil"))
    return path


FILE, LINK, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("{outside}/file", FILE, "")],
        [("{outside}/link", FILE, "")],
        [("../outside/file", FILE, "")],
        [("../outside/.wh.file", FILE, "")],
        [("{outside}/.wh.file", FILE, "")],
        [("../outside/.wh..wh..opq", FILE, "")],
        [("a/.wh...", FILE, ""), ("a/.wh..", FILE, ""), (".wh.", FILE, "")],
        [("d", LINK, "{outside}"), ("d/file", FILE, ""), ("d/new", FILE, "")],
        [("d", LINK, "{outside}"), ("d/.wh.file", FILE, "")],
        [("d", LINK, "../outside"), ("d/.wh..wh..opq", FILE, "")],
        [("f", LINK, "{outside}/file"), ("f", FILE, "")],
    ],
)
def test_nothing_beside_the_tree_is_touched(tmp_path: Path, tree: Path, outside: Path, members: list[Member]) -> None:
    told = [(name.format(outside=outside), kind, link.format(outside=outside)) for name, kind, link in members]
    apply_layer(_layer(tmp_path, told), tree)
    assert sorted(path.name for path in outside.iterdir()) == ["file", "link"]
    assert ((outside / "file").read_text(), (outside / "link").is_symlink()) == ("kept", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layer.tar", "outside", "tree"]


@pytest.mark.parametrize("target", ["{outside}/file", "../outside/file", "d/file"])
def test_a_hard_link_means_a_file_of_the_image(tmp_path: Path, tree: Path, outside: Path, target: str) -> None:
    told = [("d", LINK, str(outside)), ("h", HARD, target.format(outside=outside)), ("h", FILE, "")]
    with pytest.raises(FileNotFoundError):
        apply_layer(_layer(tmp_path, told), tree)
    assert ((outside / "file").read_text(), (outside / "file").stat().st_mode & 0o777) == ("kept", 0o600)


def test_links_lead_where_they_lead_inside(tmp_path: Path, tree: Path) -> None:
    members = [("run", FOLDER, ""), ("var/run", LINK, "/run"), ("var/run/pid", FILE, ""), ("h", HARD, "/var/run/pid")]
    apply_layer(_layer(tmp_path, members), tree)
    assert (tree / "run/pid").samefile(tree / "h")
    assert locate(tree, "var/run/../run/x") == tree / "run/x"
    assert (locate(tree, "/var/run"), entry(tree, "/var/run")) == (tree / "run", tree / "var/run")
    assert locate(tree, "../../etc") == tree / "etc"


def test_links_that_lead_in_a_circle_end(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        locate(tree, "a/x")


def test_a_layer_replaces_a_folder_by_a_file_and_the_reverse(tmp_path: Path, tree: Path) -> None:
    apply_layer(_layer(tmp_path, [("a/old", FILE, ""), ("b", FILE, ""), ("c/old", FILE, "")]), tree)
    apply_layer(_layer(tmp_path, [("a", FILE, ""), ("b", FOLDER, ""), ("b/new", FILE, ""), ("c", LINK, "b")]), tree)
    assert ((tree / "a").is_file(), (tree / "b/new").is_file(), (tree / "c").readlink()) == (True, True, Path("b"))


def test_whiteouts_mean_lower_layers_alone(tmp_path: Path, tree: Path) -> None:
    apply_layer(_layer(tmp_path, [("a/old", FILE, ""), ("b/old", FILE, ""), ("c", FILE, "")]), tree)
    apply_layer(
        _layer(
            tmp_path,
            [
                ("a/new", FILE, ""),
                ("a/.wh..wh..opq", FILE, ""),
                ("b/.wh.old", FILE, ""),
                ("c", FILE, ""),
                (".wh.c", FILE, ""),
            ],
        ),
        tree,
    )
    assert sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*")) == ["a", "a/new", "b", "c"]


def test_devices_are_left_out_and_folders_can_be_filled(tmp_path: Path, tree: Path) -> None:
    path = tmp_path / "layer.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind, mode in (("null", tarfile.CHRTYPE, 0o666), ("d", FOLDER, 0o555), ("d/su", FILE, 0o6777)):
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, mode
            tar.addfile(member)
    apply_layer(path, tree)
    assert sorted(path.name for path in tree.rglob("*")) == ["d", "su"]
    assert ((tree / "d").stat().st_mode & 0o700, (tree / "d/su").stat().st_mode & 0o7777) == (0o700, 0o755)
