"""Git over HTTP: `git http-backend`, with CodeCommit's way to sign in.

The user name is an access key id; the password its secret, or the signature that `aws codecommit credential-helper` makes.
https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from tempfile import TemporaryFile
from urllib.parse import unquote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.codecommit.repositories import Repositories, Repository
from mlsystem.engine.services.codecommit.repository import BARE_ENVIRONMENT
from mlsystem.engine.store.keys import AccessKey, KeyRing

PREFIX = "/v1/repos/"
PIECE_BYTES = 64 * 1024
RECEIVE = "git-receive-pack"


class SmartHttp:
    """ASGI application below `/v1/repos/`."""

    def __init__(self, house: House, keys: KeyRing, repositories: Repositories):
        self._house = house
        self._keys = keys
        self._repositories = repositories

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        principal = await to_thread.run_sync(self._sign_in, request)
        if principal is None:
            challenge = {"WWW-Authenticate": 'Basic realm="CodeCommit"'}
            return Response(
                "User name: an access key id. Password: its secret. `mlsystem env` shows both.", 401, challenge
            )
        name, _, rest = request.url.path.removeprefix(PREFIX).partition("/")
        name = name.removesuffix(".git")
        if not await to_thread.run_sync(self._exists, name):
            return Response(f"repository {name} not found\n", 404)
        try:
            await to_thread.run_sync(self._check, request, name, rest, principal)
        except AwsError as error:
            return Response(f"{error.message}\n", 403)
        return await self._backend(request, name, rest, principal)

    def _check(self, request: Request, name: str, rest: str, principal: Principal) -> None:
        """Both halves of a push, and of a fetch, ask for the right to it. Raises AwsError."""
        is_push = RECEIVE in (rest, request.query_params.get("service"))
        action = "codecommit:GitPush" if is_push else "codecommit:GitPull"
        arn = self._house.scope.arn("codecommit", name)
        self._house.demand("codecommit", principal, Requirement(action, arn))

    def _exists(self, name: str) -> bool:
        with self._house.database.reading() as tx:
            return tx.get(Repository, name) is not None

    def _sign_in(self, request: Request) -> Principal | None:
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        key_id, _, token = user.partition("%")
        with self._house.database.reading() as tx:
            key = tx.get(AccessKey, key_id)
        if key is None or (key.expires_at is not None and key.expires_at < self._house.clock.now()):
            return None
        credentials = self._keys.credentials(key.key, key.expires_at)
        if credentials.token is not None and not hmac.compare_digest(unquote(token), credentials.token):
            return None
        accepted = (credentials.secret_access_key, self._signed(request, credentials.secret_access_key, password))
        matches = [hmac.compare_digest(password.encode(), wanted.encode()) for wanted in accepted]
        return Principal(key.principal, key.account) if any(matches) else None

    def _signed(self, request: Request, secret: str, password: str) -> str:
        """The password that the credential helper makes for this URL at the time that the password names."""
        stamp = password.partition("Z")[0]
        path = PREFIX + request.url.path.removeprefix(PREFIX).partition("/")[0]
        # The helper signs the host without its port.
        host = request.headers.get("host", "").partition(":")[0]
        canonical = f"GIT\n{path}\n\nhost:{host}\n\nhost\n"
        scope = f"{stamp[:8]}/{self._house.scope.region}/codecommit/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return f"{stamp}Z{hmac.new(key, to_sign.encode(), 'sha256').hexdigest()}"

    async def _backend(self, request: Request, name: str, rest: str, principal: Principal) -> Response:
        """Runs Git's own CGI program; its answer streams, and a push is announced when it is through."""
        environment = {
            **os.environ,
            **BARE_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self._house.folder.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{name}.git/{rest}",
            "REMOTE_USER": principal.arn,
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.url.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        # All of the request first: once an answer streams, the server itself listens for the request's end.
        with TemporaryFile(dir=self._house.folder.repositories) as body_file:
            async for piece in request.stream():
                body_file.write(piece)
            body_file.seek(0)
            process = await asyncio.create_subprocess_exec(
                "git", "http-backend", stdin=body_file, stdout=asyncio.subprocess.PIPE, env=environment
            )
        assert process.stdout is not None
        headers = await _read_headers(process.stdout)
        status = int(headers.pop("status", "200").split(" ")[0])
        is_push = rest == RECEIVE

        async def body() -> object:
            assert process.stdout is not None
            while piece := await process.stdout.read(PIECE_BYTES):
                if not is_push:
                    yield piece
                else:
                    held.append(piece)
            await process.wait()
            if is_push:
                # The client learns of its push only when everybody else can.
                await to_thread.run_sync(self._repositories.announce, name, principal)
                for piece in held:
                    yield piece

        held: list[bytes] = []
        return StreamingResponse(body(), status, headers)  # type: ignore[arg-type]


async def _read_headers(stdout: asyncio.StreamReader) -> dict[str, str]:
    headers = {}
    while (line := await stdout.readline()) not in (b"", b"\r\n", b"\n"):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers
