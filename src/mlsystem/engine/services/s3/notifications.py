"""What a bucket tells of its objects: to EventBridge, or to nobody.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.bucket import find_bucket

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        GetBucketNotificationConfigurationRequestRequestTypeDef,
        PutBucketNotificationConfigurationRequestTypeDef,
    )

DOCUMENT = "notification"
EVENT_BRIDGE = "EventBridgeConfiguration"


class Notifications(Part):
    """Queues, topics and functions are reached through a rule of EventBridge."""

    @operation(
        "PutBucketNotificationConfiguration",
        accepts="Bucket NotificationConfiguration SkipDestinationValidation ExpectedBucketOwner",
    )
    def put_bucket_notification_configuration(
        self, request: PutBucketNotificationConfigurationRequestTypeDef, call: Call
    ) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        wanted = request["NotificationConfiguration"]
        direct = sorted(name for name, value in wanted.items() if value and name != EVENT_BRIDGE)
        if direct:
            raise NotImplementedHere(
                f"s3:PutBucketNotificationConfiguration with NotificationConfiguration.{direct[0]}",
                "give the bucket an EventBridgeConfiguration, and the target a rule of EventBridge",
            )
        call.tx.put(bucket.with_document(DOCUMENT, {EVENT_BRIDGE: {}} if EVENT_BRIDGE in wanted else {}))
        return {}

    @operation("GetBucketNotificationConfiguration", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_notification_configuration(
        self, request: GetBucketNotificationConfigurationRequestRequestTypeDef, call: Call
    ) -> dict[str, object]:
        return dict(find_bucket(call.tx, request).documents.get(DOCUMENT, {}))
