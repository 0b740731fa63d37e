"""A window by count: the newest captured records, however long they took to come."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mlsystem.monitor.reading.lines import lines_of

# Data capture's own folders and file names, yyyy/mm/dd/HH/MM-SS-..., sort as the times do; before them stands the variant.
_PARTS_OF_TIME = 5


def newest_records(files: Sequence[Path], count: int, folder: Path) -> tuple[list[Path], int]:
    """The files of the newest `count` records, and how many older ones are left out.

    Of a file of which a part is older, the newer part is written into `folder`, below the file's own path.
    """
    found: list[Path] = []
    wanted, left_out = count, 0
    for file in sorted(files, key=lambda path: path.parts[-_PARTS_OF_TIME:], reverse=True):
        records = sum(1 for _ in lines_of([file]))
        taken = min(records, wanted)
        if taken == records:
            found.append(file)
        elif taken:
            found.append(_write_newer(file, records - taken, folder))
        left_out += records - taken
        wanted -= taken
    return found[::-1], left_out


def _write_newer(file: Path, older: int, folder: Path) -> Path:
    """A copy without the older records. What is left stays in its line, so that messages tell where it stands."""
    newer = folder.joinpath(*file.absolute().parts[1:])
    newer = newer.with_name(newer.name.removesuffix(".gz"))
    newer.parent.mkdir(parents=True, exist_ok=True)
    with newer.open("wb") as out:
        written = 0
        for line in islice(lines_of([file]), older, None):
            out.write(b"\n" * (line.number - written - 1) + line.text.rstrip(b"\n") + b"\n")
            written = line.number
    return newer
