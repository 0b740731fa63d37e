"""What Docker clients need to get in and to get a layer out: a login, and URLs of blobs that hold for a while."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.images import BrokenImage, ImageStore
from mlsystem.engine.services.ecr.repositories import find_repository

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import GetAuthorizationTokenRequestTypeDef, GetDownloadUrlForLayerRequestTypeDef

PREFIX = "/_ecr/blobs/"
TOKEN_SECONDS = 12 * 3600
URL_SECONDS = 3600


class Downloads(Part):
    """GetAuthorizationToken, GetDownloadUrlForLayer; and the ASGI application that such a URL leads to.

    A URL is signed with a secret of this process: one from before a restart has to be asked for again.
    """

    def __init__(self, house: House, images: ImageStore):
        self._house = house
        self._images = images
        self._secret = secrets.token_bytes(32)

    @operation("GetAuthorizationToken", mode="read", accepts="registryIds")
    def get_token(self, request: GetAuthorizationTokenRequestTypeDef, call: Call) -> Mapping[str, object]:
        """The password is for `docker login`; what a client then does, it does by this API, signed."""
        token = base64.b64encode(f"AWS:{secrets.token_urlsafe(32)}".encode()).decode()
        expires = datetime.fromtimestamp(call.now + TOKEN_SECONDS, UTC)
        scope = self._house.scope
        registry = f"https://{scope.account}.dkr.ecr.{scope.region}.amazonaws.com"
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": registry}]}

    @operation("GetDownloadUrlForLayer", accepts="registryId repositoryName layerDigest")
    def get_url(self, request: GetDownloadUrlForLayerRequestTypeDef, call: Call) -> Mapping[str, object]:
        find_repository(call.tx, self._house, request["repositoryName"])
        digest = request["layerDigest"]
        if not self._images.has(digest):
            raise AwsError("LayersNotFoundException", f"The layer {digest} is not in {request['repositoryName']}.")
        expires = int(call.now + URL_SECONDS)
        query = f"expires={expires}&signature={self._sign(digest, expires)}"
        return {"downloadUrl": f"{self._house.door_url}{PREFIX}{digest}?{query}", "layerDigest": digest}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await to_thread.run_sync(self._answer, Request(scope, receive))
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        digest = request.url.path.removeprefix(PREFIX)
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        is_known = expires.isdecimal() and hmac.compare_digest(signature, self._sign(digest, int(expires)))
        if not is_known or int(expires) < self._house.clock.now():
            return PlainTextResponse("This URL is not valid, or no longer: ask for another one.\n", 403)
        try:
            return FileResponse(self._images.path(digest), media_type="application/octet-stream")
        except BrokenImage as error:
            return PlainTextResponse(f"{error}\n", 404)

    def _sign(self, digest: str, expires: int) -> str:
        return hmac.new(self._secret, f"{digest}/{expires}".encode(), "sha256").hexdigest()
