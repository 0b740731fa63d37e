"""A browser without scripts: it keeps cookies, and follows where it is led."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urlsplit

from mlsystem.console.security.session import CSRF_FIELD

ROOT = "/_console"
Answer = tuple[int, str, Message]  # status, text, headers


class Browser:
    """One that keeps cookies, and follows where it is led."""

    def __init__(self, url: str):
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._ask(urllib.request.Request(self._origin + path, headers=dict(headers or {})))

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        content = urlencode(form).encode()
        return self._ask(urllib.request.Request(self._origin + path, content, dict(headers or {}), method="POST"))

    def csrf_token(self, path: str = f"{ROOT}/sign-in") -> str:
        return self.get(path)[1].partition(f'name="{CSRF_FIELD}" value="')[2].partition('"')[0]

    def sign_in(self, token: str) -> Answer:
        return self.post(f"{ROOT}/sign-in", {CSRF_FIELD: self.csrf_token(), "token": token})

    def open(self, path: str, headers: Mapping[str, str]) -> Any:
        """An answer that has no end yet."""
        return self._opener.open(urllib.request.Request(self._origin + path, headers=dict(headers)), timeout=30)

    def _ask(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers
