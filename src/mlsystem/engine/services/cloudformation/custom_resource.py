"""Custom resources: a function of the user's, or who listens to a topic, is the handler, and answers through a URL.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.arn import parse_arn
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.custom_resource import (
    LONGEST_SECONDS,
    PLAIN_TYPE,
    PROVIDER,
    SERVICE_TIMEOUT,
    in_texts,
    timeout_seconds,
)
from mlsystem.engine.services.cloudformation.custom_request import CustomRequest, Progress
from mlsystem.engine.services.cloudformation.custom_requests import CustomRequests
from mlsystem.engine.services.cloudformation.resource_type import Begun, Done, Failed, Outcome, Properties, Site

PROVIDERS = ("lambda", "sns")


class CustomResource:
    """`AWS::CloudFormation::CustomResource` and every `Custom::` type. An update that comes back with another physical id has replaced."""

    name = PLAIN_TYPE
    # Beside any others, which are the provider's.
    properties = frozenset({PROVIDER, SERVICE_TIMEOUT})
    required = frozenset({PROVIDER})
    attributes: frozenset[str] | None = None
    immutable: frozenset[str] = frozenset()
    is_outside = False

    def __init__(self, requests: CustomRequests):
        self._requests = requests

    def create(self, site: Site, properties: Properties) -> Outcome:
        return self._ask(site, "Create", properties, {})

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        # On the way back the new provider may be one that was never asked.
        if old.get(PROVIDER) != new[PROVIDER] and not site.is_rollback:
            return Failed("Modifying service token is not allowed.")
        before = {"PhysicalResourceId": physical_id, "OldResourceProperties": in_texts(dict(old))}
        return self._ask(site, "Update", new, before, physical_id)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        return self._ask(site, "Delete", properties, {"PhysicalResourceId": physical_id}, physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        request = self._requests.find(memo["request"])
        if request is None or request.answer is None:
            return None
        answer = request.answer
        if answer.succeeded:
            return Done(answer.physical_id, answer.data, is_hidden=answer.is_hidden)
        if verb != "create" or request.state == Progress.UNDELIVERED:
            return Failed(answer.reason)
        # Whatever the provider has made by then is deleted under this id.
        return Failed(answer.reason, answer.physical_id or site.made_up_name())

    def _ask(
        self, site: Site, verb: str, properties: Properties, before: Mapping[str, Any], physical_id: str = ""
    ) -> Outcome:
        token, seconds = str(properties[PROVIDER]), timeout_seconds(properties)
        if not _is_provider(token):
            return Failed("Invalid service token.")
        if seconds is None:
            return Failed(f"{SERVICE_TIMEOUT} must be between 1 and {LONGEST_SECONDS} seconds.")
        request_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{site.stack_id}/{site.key}"))
        document = {
            "RequestType": verb,
            PROVIDER: token,
            "ResponseURL": self._requests.response_url(site.stack_id, site.logical_id, request_id),
            "StackId": site.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": site.logical_id,
            "ResourceType": site.resource_type,
            "ResourceProperties": in_texts(dict(properties)),
            **before,
        }
        request = CustomRequest(
            key=request_id,
            parent=site.stack_id,
            service_token=token,
            principal=site.principal.arn,
            seconds=seconds,
            document=document,
        )
        self._requests.begin(request)
        return Begun(physical_id, {"request": request_id})


def _is_provider(token: str) -> bool:
    try:
        return parse_arn(token).service in PROVIDERS
    except AwsError:
        return False
