"""What changed in a file is told by its lines; what cannot be compared says why."""

from __future__ import annotations

from mlsystem.client.code_difference import LARGEST, MOST_LINES, compare_contents


def test_a_changed_line_is_told_as_removed_and_added() -> None:
    found = compare_contents("a.py", "modified", b"one\ntwo\nthree\n", b"one\n2\nthree\n")
    assert [(line.kind, line.text) for line in found.lines][1:] == [
        ("same", " one"),
        ("removed", "-two"),
        ("added", "+2"),
        ("same", " three"),
    ]
    assert (found.added, found.removed, found.note) == (1, 1, "")


def test_what_cannot_be_shown_says_why() -> None:
    assert compare_contents("a.bin", "added", b"", b"\0\1").note == "a binary file"
    assert "too large" in compare_contents("a.txt", "added", b"", b"x" * (LARGEST + 1)).note
    many = compare_contents("a.txt", "added", b"", b"x\n" * (MOST_LINES + 9))
    assert (len(many.lines), many.added, many.note) == (MOST_LINES, MOST_LINES + 9, "10 more lines")
    assert "mode" in compare_contents("run.sh", "modified", b"a\n", b"a\n").note
