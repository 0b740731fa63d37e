"""apt-get: what the machine has is left alone, a library that it lacks is supplied, and all else that it lacks is named."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.libraries import LIBRARIES, LOCKED, Library, can_load, put_in
from tests.unit.client.images.workshop import Workshop

LIBRARY = Library("libfound.so.9", "bundle", "bundle.libs/libfound-*.so.*")


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Requirements that lock a wheel which brings the library along."""
    wheel = tmp_path / "bundle-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("bundle.libs/libfound-1a2b3c.so.9.0.1", "the library")
        archive.writestr("bundle-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bundle\nVersion: 1.0\n")
        archive.writestr("bundle-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("bundle-1.0.dist-info/RECORD", "")
    requirements = tmp_path / "locked.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements.write_text(f"bundle @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    return requirements


def test_a_package_that_the_machine_lacks_is_named_and_the_build_goes_on(workshop: Workshop) -> None:
    workshop.build("RUN apt-get update && apt-get install -y dpkg no-such-package=1.0 && apt-get clean")
    assert [text for text in workshop.told if "lacks" in text] == [
        "the machine lacks the Debian packages no-such-package=1.0: what needs them will not work in this image"
    ]


def test_a_library_that_the_machine_has_is_not_put_into_the_image(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIBRARIES, "libc6", replace(LIBRARY, soname="libc.so.6"))
    built = workshop.build("RUN apt-get install -y libc6")
    assert workshop.files(built) == {}
    assert [text for text in workshop.told if "lib" in text and not text.startswith("[")] == []


def test_a_library_that_cannot_be_fetched_is_named_and_the_build_goes_on(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIBRARIES, "libfound9", LIBRARY)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    workshop.build("RUN apt-get install -y libfound9")
    assert any(text.startswith("libfound.so.9 could not be fetched: pip install failed") for text in workshop.told)
    assert workshop.told[-1].startswith("the machine lacks the Debian packages libfound9:")


def test_only_what_the_loader_finds_by_itself_counts_as_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = next(Path("/lib").glob("*-linux-gnu/libc.so.6"))
    shutil.copy(system, tmp_path / LIBRARY.soname)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert not can_load(LIBRARY, tmp_path / "root")
    assert can_load(replace(LIBRARY, soname="libc.so.6"), tmp_path / "root")


def test_a_library_lies_in_the_image_under_the_name_that_programs_ask_for(tmp_path: Path, locked: Path) -> None:
    root = tmp_path / "root"
    put_in(LIBRARY, root, locked)
    assert [(str(path.relative_to(root)), path.read_text()) for path in root.rglob("*") if path.is_file()] == [
        ("usr/lib/libfound.so.9", "the library")
    ]
    assert can_load(LIBRARY, root), "an image that stands on this one does not get it again"


def test_a_wheel_that_is_not_the_locked_one_is_refused(tmp_path: Path, locked: Path) -> None:
    locked.write_text(re.sub("sha256:.{8}", "sha256:00000000", locked.read_text()))
    with pytest.raises(ImageError, match=r"(?i)hash"):
        put_in(LIBRARY, tmp_path / "root", locked)
    assert not (tmp_path / "root").exists()


def test_a_wheel_without_the_library_is_refused(tmp_path: Path, locked: Path) -> None:
    with pytest.raises(ImageError, match=r"bundle brings 0 copies of libfound.so.9, not one"):
        put_in(replace(LIBRARY, pattern="bundle.libs/libother-*"), tmp_path / "root", locked)


def test_every_wheel_is_locked_with_hashes() -> None:
    locked = dict(
        re.findall(r"^([\w-]+)==\S+ \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCKED.read_text(), re.M)
    )
    assert {library.wheel for library in LIBRARIES.values()} == set(locked)


@pytest.mark.parametrize(
    "line",
    [
        "DEBIAN_FRONTEND=noninteractive apt-get install -y no-such-package",
        "export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y no-such-package",
        "set -eux; apt-get -o Acquire::Retries=3 update; apt-get -y -t stable install no-such-package",
    ],
)
def test_options_of_apt_are_no_packages(workshop: Workshop, line: str) -> None:
    workshop.build(f"RUN {line}")
    assert [text for text in workshop.told if "lacks" in text] == [
        "the machine lacks the Debian packages no-such-package: what needs them will not work in this image"
    ]
