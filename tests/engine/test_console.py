"""The console behind the front door: always there, ended with the engine, and open to none but people who may."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mlsystem.console import pages
from mlsystem.console.page import Action, Ask, Page
from mlsystem.console.security.people import People, Role
from mlsystem.console.security.session import CSRF_FIELD
from mlsystem.engine.runtime.shim.record import lock_holder
from tests.browsing import console_of
from tests.cookie_browser import Browser
from tests.live import LiveEngine, eventually

ROOT = "/_console"


@pytest.fixture(scope="module")
def console(engine: LiveEngine) -> Iterator[str]:
    with console_of(engine) as url:
        yield url


@pytest.fixture
def people(engine: LiveEngine, console: str) -> Iterator[People]:
    found = People(engine.folder)
    yield found
    for one in found.all():
        found.remove(one.name)


# ---------------------------------------------------------------------- its process
def _consoles(live: LiveEngine) -> list[int]:
    locks = [lock for lock in live.living_processes() if lock.parent.name.startswith("console.")]
    return [pid for lock in locks if (pid := lock_holder(str(lock))) is not None]


def _is_there(live: LiveEngine) -> bool:
    return Browser(live.url).get(f"{ROOT}/")[0] == 200


def test_the_console_is_started_again_when_it_dies_adopted_and_ended_with_the_engine(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine(options=("--console",))
    live.start()
    eventually(lambda: _is_there(live))
    [first] = _consoles(live)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: _consoles(live) not in ([], [first]))
    eventually(lambda: _is_there(live))
    second = _consoles(live)
    live.kill()
    live.start()
    assert _consoles(live) == second, "it is adopted"
    assert _is_there(live), "and speaks to the engine that is there now"
    live.kill()
    command = [sys.executable, "-m", "mlsystem.engine", str(live.folder), "--down"]
    subprocess.run(command, check=True, capture_output=True)
    assert live.living_processes() == []


def test_an_engine_without_a_console_ends_one_that_was_left(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(options=("--console",))
    live.start()
    eventually(lambda: _consoles(live))
    live.kill()
    live.options = ()
    live.start()
    assert _consoles(live) == []


# ---------------------------------------------------------------------- who is let in
def test_every_answer_tells_the_browser_what_it_may_do(console: str) -> None:
    browser = Browser(console)
    for path in (f"{ROOT}/", f"{ROOT}/static/console.css", f"{ROOT}/nothing/here", f"{ROOT}/sign-in"):
        headers = browser.get(path)[2]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin", "forms must come with their origin"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_name_that_a_stranger_leads_to_this_machine_is_not_answered(console: str, host: str) -> None:
    status, text, _ = Browser(console).get(f"{ROOT}/", {"Host": host})
    assert status in (400, 421), text


@pytest.mark.parametrize(
    "route", [one for one in pages.ROUTES if isinstance(one, Action | Ask)], ids=lambda one: one.path
)
def test_nothing_is_changed_without_a_forms_token_or_for_another_site(console: str, route: Action | Ask) -> None:
    browser = Browser(console)
    path = _path(route.path)
    assert browser.post(path, {})[0] == 403
    token = {CSRF_FIELD: browser.csrf_token()}
    assert browser.post(path, token, {"Origin": "https://evil.example"})[0] == 403
    assert browser.post(path, token, {"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert Browser(console).post(path, token)[0] == 403, "it is another session's"


@pytest.mark.parametrize("route", [one for one in pages.ROUTES if one.role > Role.VIEWER], ids=lambda one: one.path)
def test_a_viewer_may_do_none_of_what_needs_more(console: str, people: People, route: Action | Ask | Page) -> None:
    browser = Browser(console)
    assert browser.sign_in(people.add("Vera", Role.VIEWER))[0] == 200
    path = _path(route.path)
    if isinstance(route, Action | Ask):
        status, text, _ = browser.post(path, {CSRF_FIELD: _token_of_page(browser)})
    else:
        status, text, _ = browser.get(path)
    assert (status, "Vera is a viewer" in text) == (403, True), text


def test_with_the_first_token_everybody_signs_in(console: str, people: People) -> None:
    browser = Browser(console)
    assert browser.get(f"{ROOT}/")[0] == 200
    token = people.add("Ann", Role.APPROVER)
    status, text, _ = browser.get(f"{ROOT}/")
    assert status == 200
    assert "Sign in" in text
    assert "Projects" not in text
    assert browser.sign_in("wrong")[0] == 401
    status, text, _ = browser.sign_in(token)
    assert (status, "Ann" in text, "Projects" in text) == (200, True, True)
    assert token not in text
    people.remove("Ann")
    people.add("Bob", Role.ADMIN)
    assert "Sign in" in browser.get(f"{ROOT}/")[1], "whoever is forgotten is out at once"


def test_whoever_signs_out_is_out(console: str, people: People) -> None:
    browser = Browser(console)
    browser.sign_in(people.add("Ann", Role.ADMIN))
    assert browser.post(f"{ROOT}/sign-out", {CSRF_FIELD: _token_of_page(browser)})[0] == 200
    assert "Your token" in browser.get(f"{ROOT}/")[1]


def test_a_cookie_that_was_copied_before_signing_out_opens_nothing_afterwards(console: str, people: People) -> None:
    browser, thief = Browser(console), Browser(console)
    browser.sign_in(people.add("Ann", Role.ADMIN))
    token = _token_of_page(browser)
    for cookie in browser.cookies:
        thief.cookies.set_cookie(cookie)
    assert "Projects" in thief.get(f"{ROOT}/")[1]
    browser.post(f"{ROOT}/sign-out", {CSRF_FIELD: token})
    assert "Your token" in thief.get(f"{ROOT}/")[1]


def test_a_stream_ends_when_its_reader_is_forgotten(console: str, people: People) -> None:
    browser = Browser(console)
    browser.sign_in(people.add("Ann", Role.VIEWER))
    people.add("Bob", Role.ADMIN)
    with browser.open(f"{ROOT}/", {"Accept": "text/event-stream"}) as stream:
        assert stream.readline().startswith(b"event: live_")
        people.remove("Ann")
        left = stream.read().decode()  # to its end
    assert "sign in first" in left


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(console: str, kind: str) -> None:
    line = http.client.HTTPConnection(urlsplit(console).netloc, timeout=30)
    for path in (f"{ROOT}/sign-in", f"{ROOT}/x-y/pipeline/start"):
        line.putrequest("POST", path)
        line.putheader("Content-Type", kind)
        line.putheader("Content-Length", str(10**12))
        line.endheaders()
        answer = line.getresponse()
        assert (answer.status, "too much to send" in answer.read().decode()) == (413, True)
        line.close()


def test_a_body_whose_size_nobody_told_is_read_no_further_than_the_limit(console: str) -> None:
    line = http.client.HTTPConnection(urlsplit(console).netloc, timeout=30)
    chunks = (b"a" * 65536 for _ in range(5))
    line.request(
        "POST", f"{ROOT}/sign-in", chunks, {"Content-Type": "application/x-www-form-urlencoded"}, encode_chunked=True
    )
    assert line.getresponse().status == 413
    line.close()


def test_only_a_file_whose_url_names_its_content_is_kept_for_ever(console: str) -> None:
    browser = Browser(console)
    assert "immutable" in browser.get(f"{ROOT}/static/console.js?v=1")[2]["cache-control"]
    assert browser.get(f"{ROOT}/static/keep.js")[2]["cache-control"] == "no-cache", "what a script imports may change"


@pytest.mark.parametrize("header", ["[", "[::1", "a]b", "\xff"])
def test_a_host_that_is_none_is_refused(console: str, header: str) -> None:
    assert Browser(console).get(f"{ROOT}/", {"Host": header})[0] in (400, 421)


@pytest.mark.parametrize("port", ["-3", "70000"])
def test_a_port_that_cannot_be_is_one_line(engine: LiveEngine, port: str) -> None:
    done = _console_command(engine, "--port", port)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@pytest.mark.parametrize(
    ("region", "missing"), [("", "no AWS region is set"), ("eu-west-1", "Unable to locate credentials")]
)
def test_without_a_region_or_credentials_the_console_of_an_account_does_not_begin(
    engine: LiveEngine, tmp_path: Path, region: str, missing: str
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    if region:
        environment["AWS_DEFAULT_REGION"] = region
    done = _console_command(engine, "--port", "0", before=("--target", "aws"), environment=environment)
    assert missing in done.stderr
    assert (done.returncode != 0, done.stderr.count("\n")) == (True, 1), done.stderr


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "/_console/\\evil", "/other", "/_consolexyz"]
)
def test_signing_in_leads_to_no_other_site(console: str, people: People, next_page: str) -> None:
    token = people.add("Ann", Role.ADMIN)
    browser = Browser(console)
    form = {CSRF_FIELD: browser.csrf_token(), "token": token, "next": next_page}
    assert "Projects" in browser.post(f"{ROOT}/sign-in", form)[1]


def test_a_broken_list_of_people_lets_nobody_in(console: str, people: People, engine: LiveEngine) -> None:
    people.add("Ann", Role.ADMIN)
    path = engine.folder / "console" / "people.json"
    text = path.read_text()
    path.write_text("{")
    try:
        status, said, _ = Browser(console).get(f"{ROOT}/")
    finally:
        path.write_text(text)
    assert (status, "cannot be read" in said) == (409, True)


def test_no_token_comes_into_a_log(console: str, people: People, engine: LiveEngine) -> None:
    token = people.add("Ann", Role.ADMIN)
    Browser(console).sign_in(token)
    for path in [
        *Path(engine.folder).glob("*.log"),
        *Path(engine.folder).glob("logs/*"),
        engine.folder / "audit.jsonl",
    ]:
        assert token not in path.read_text(errors="replace")


def test_on_another_address_nobody_is_served_before_there_is_a_token(engine: LiveEngine) -> None:
    done = _console_command(engine, "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 1
    assert "mlsystem console token NAME --role admin" in done.stderr


def _console_command(
    engine: LiveEngine, *options: str, before: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One that ends by itself."""
    command = [sys.executable, "-c", "from mlsystem.cli.main import main; main()", "--home", str(engine.folder)]
    return subprocess.run(
        [*command, *before, "console", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )


def _path(pattern: str) -> str:
    """A path that fits a route's."""
    path = f"{ROOT}{pattern[1:]}" if pattern.startswith("//") else f"{ROOT}/x-y{pattern}"
    return path.replace(":path}", "}").replace("{", "").replace("}", "")


def _token_of_page(browser: Browser) -> str:
    return browser.get(f"{ROOT}/")[1].partition('"x-csrf-token": "')[2].partition('"')[0]
