"""A Dockerfile is read as Docker reads it; what is not implemented is refused by name and line."""

from __future__ import annotations

import pytest

from mlsystem.client.images.dockerfile import parse, split, substitute
from mlsystem.client.images.errors import ImageError


def test_lines_are_joined_and_comments_left_out() -> None:
    text = """# syntax=docker/dockerfile:1
    FROM a

    run one \\
        # between
        && two
    COPY\tx y
    """
    found = [(item.line, item.name, " ".join(item.text.split())) for item in parse(text)]
    assert found == [(2, "FROM", "a"), (4, "RUN", "one && two"), (7, "COPY", "x y")]


def test_flags_are_apart_from_the_text() -> None:
    copied = parse("FROM --platform=linux/amd64 a\nCOPY --chmod=755 --chown=1:1 x /y")[1]
    assert (copied.flags, copied.text) == ({"chmod": "755", "chown": "1:1"}, "x /y")


def test_words_of_the_exec_form() -> None:
    command = parse('FROM a\nCMD ["python3", "a b.py"]')[1]
    assert command.exec_form() == ("python3", "a b.py")
    assert parse("FROM a\nCMD python3 x")[1].exec_form() is None
    with pytest.raises(ImageError, match=r"line 2: CMD .* is not a JSON list"):
        parse("FROM a\nCMD [python3]")[1].exec_form()
    with pytest.raises(ImageError, match="is not a JSON list"):
        parse(f"FROM a\nCMD {'[' * 100_000}")[1].exec_form()


@pytest.mark.parametrize("name", ["ONBUILD", "RUNN"])
def test_an_instruction_that_is_not_implemented_is_refused_by_name_and_line(name: str) -> None:
    with pytest.raises(ImageError, match=f"^line 3: the instruction {name} is not implemented here; these are: FROM"):
        parse(f"FROM a\n\n{name} x")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY --parents /a /b", "line 2: COPY --parents is not implemented here"),
        (
            "RUN --mount=type=secret,id=a pip install x",
            "line 2: RUN --mount=type=secret,id=a is not implemented here; type=cache is",
        ),
        ("RUN <<EOF", "line 2: here-documents are not implemented here"),
    ],
)
def test_a_flag_or_form_that_is_not_implemented_is_refused_by_name(line: str, reason: str) -> None:
    with pytest.raises(ImageError) as refused:
        parse(f"FROM a\n{line}")
    assert str(refused.value) == reason


@pytest.mark.parametrize("text", ["ARG A=1\n# FROM a", "", "\\", "\\\n\\\n \n"])
def test_a_file_without_from_is_refused(text: str) -> None:
    with pytest.raises(ImageError, match="the Dockerfile has no FROM"):
        parse(text)


def test_a_last_line_that_goes_on_in_nothing_is_nothing() -> None:
    assert parse("FROM a\n\\\n") == parse("FROM a")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A/x", "1/x"),
        ("${A}b", "1b"),
        ("$missing-", "-"),
        ("${missing:-other}", "other"),
        ("${A:-other}", "1"),
        ("${A:+set}", "set"),
        ("${missing:+set}", ""),
        (r"\$A", "$A"),
        ("a$", "a$"),
    ],
)
def test_variables_are_replaced_as_docker_does(text: str, value: str) -> None:
    assert substitute(text, {"A": "1"}) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("""A='x $B' B="it's" C=a\\ b""", ["A=x $B", "B=it's", "C=a b"]),
        ("A=$V B=$V-${NONE:-d}", ["A=two words' \"end", "B=two words' \"end-d"]),
        ('"$V" "\\$V \\"q\\" \\n"', ["two words' \"end", '$V "q" \\n']),
        ("  a\t  ''  b ", ["a", "", "b"]),
        ("", []),
    ],
)
def test_words_lose_their_quotes_and_values_are_not_taken_apart(text: str, words: list[str]) -> None:
    assert split(text, {"V": "two words' \"end", "B": "no"}) == words


def test_a_quotation_that_does_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="the quotation mark ' has no other one"):
        split("it's", {})


def test_another_escape_character_and_a_second_mount_are_refused() -> None:
    with pytest.raises(ImageError, match="line 1: the directive # escape=` is not implemented"):
        parse("# escape=`\nFROM a")
    assert parse("# escape=\\\nFROM a")
    with pytest.raises(ImageError, match="line 2: RUN --mount=type=secret,id=a is not implemented"):
        parse("FROM a\nRUN --mount=type=secret,id=a --mount=type=cache,target=/b true")
