"""A session is its browser's alone: nobody makes one up, and its forms bring a token that no other session has."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from mlsystem.client.errors import ClientFailure
from mlsystem.console.security.session import COOKIE, KEY_FILE, Session, Sessions

# As the front door sends it on.
ENCRYPTED = (b"x-forwarded-proto", b"https")


def _with_cookie(value: str) -> Request:
    return _request((b"cookie", f"{COOKIE}={value}".encode()))


def _request(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "path": "/", "headers": [(b"host", b"127.0.0.1"), *headers]})


def _cookie(sessions: Sessions, session: Session, *headers: tuple[bytes, bytes]) -> str:
    response = Response()
    sessions.write(_request(*headers), response, session)
    return response.headers["set-cookie"]


def test_a_session_is_read_again_after_a_restart_and_not_when_it_was_changed(tmp_path: Path) -> None:
    session = Sessions(tmp_path).fresh("Ann", "mark")
    cookie = _cookie(Sessions(tmp_path), session)
    value = cookie.partition("=")[2].partition(";")[0]
    assert Sessions(tmp_path).read(_with_cookie(value)) == session
    assert Sessions(tmp_path).read(_with_cookie(value[:-2] + "xx")) is None
    assert Sessions(tmp_path).read(_with_cookie("")) is None


def test_a_cookie_of_another_console_counts_for_nothing(tmp_path: Path) -> None:
    other = Sessions(tmp_path / "other")
    value = _cookie(other, other.fresh("Ann")).partition("=")[2].partition(";")[0]
    assert Sessions(tmp_path / "own").read(_with_cookie(value)) is None


def test_scripts_do_not_see_the_cookie_and_other_sites_do_not_send_it(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    for headers in ((), (ENCRYPTED,)):
        cookie = _cookie(sessions, sessions.fresh(), *headers)
        for word in ("HttpOnly", "SameSite=lax", "Path=/_console"):
            assert word in cookie


def test_a_cookie_that_came_by_tls_is_never_sent_without_nor_stands_in_the_way_of_one_that_did(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    session = sessions.fresh("Ann", "mark")
    plain, encrypted = _cookie(sessions, session), _cookie(sessions, session, ENCRYPTED)
    assert plain.startswith(f"{COOKIE}=")
    assert encrypted.startswith(f"__Secure-{COOKIE}=")
    assert ("; Secure" in plain, "; Secure" in encrypted) == (False, True)
    kept = (b"cookie", encrypted.partition(";")[0].encode())
    assert sessions.read(_request(kept, ENCRYPTED)) == session
    assert sessions.read(_request(kept)) is None
    response = Response()
    sessions.forget(_request(ENCRYPTED), response)
    assert response.headers["set-cookie"].startswith(f'__Secure-{COOKIE}=""; ')


def test_a_forms_token_is_that_of_one_session_and_person(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    one, other = sessions.fresh(), sessions.fresh()
    token = sessions.csrf_token(one)
    assert sessions.is_csrf_token(one, token)
    assert not sessions.is_csrf_token(other, token)
    assert not sessions.is_csrf_token(Session(one.id, "Ann"), token)
    assert not sessions.is_csrf_token(one, "é")


def test_the_key_is_for_its_owner_and_the_first_to_make_it_wins(tmp_path: Path) -> None:
    Sessions(tmp_path)
    key = (tmp_path / KEY_FILE).read_bytes()
    Sessions(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == key
    assert len(key) == 32
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "console").iterdir()] == ["key"]


@pytest.mark.parametrize("content", [b"", b"short"])
def test_with_half_a_key_nobody_is_served(tmp_path: Path, content: bytes) -> None:
    Sessions(tmp_path)
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(ClientFailure, match="damaged"):
        Sessions(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "console").write_text("a file where the folder would be")
    with pytest.raises(ClientFailure, match="the key of the console's sessions"):
        Sessions(tmp_path)


def test_a_session_that_was_ended_is_over_for_whoever_kept_its_cookie(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    session, other = sessions.fresh("Ann", "mark"), sessions.fresh("Ann", "mark")
    value, others = (_cookie(sessions, one).partition("=")[2].partition(";")[0] for one in (session, other))
    sessions.end(session)
    assert Sessions(tmp_path).read(_with_cookie(value)) is None, "after a restart too"
    assert Sessions(tmp_path).read(_with_cookie(others)) == other


def test_words_that_are_too_long_for_a_cookie_are_cut(tmp_path: Path) -> None:
    response = Response()
    Sessions(tmp_path).say(_request(), response, "".join(f"{number} " for number in range(9000)))
    assert len(response.headers["set-cookie"]) < 4000


@pytest.mark.parametrize("headers", [(), (ENCRYPTED,)])
def test_what_is_said_cannot_be_made_up(tmp_path: Path, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    sessions = Sessions(tmp_path)
    response = Response()
    sessions.say(_request(*headers), response, "It is stopped")
    cookie = response.headers["set-cookie"]
    assert ("; Secure" in cookie) == bool(headers)
    name, _, value = cookie.partition(";")[0].partition("=")
    assert sessions.said(_request((b"cookie", f"{name}={value}".encode()), *headers)) == "It is stopped"
    assert sessions.said(_request((b"cookie", f"{name}=x{value}".encode()), *headers)) == ""
