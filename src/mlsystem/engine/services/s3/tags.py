"""Tags of objects and buckets: pure. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mlsystem.engine.decide.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import TagTypeDef

MOST_OF_AN_OBJECT = 10
MOST_OF_A_BUCKET = 50


def read_tags_header(header: str | None) -> dict[str, str]:
    """From `x-amz-tagging`: `a=1&b=2`, percent-encoded. Raises AwsError."""
    if not header:
        return {}
    pairs = parse_qsl(header, keep_blank_values=True)
    return read_tag_set([{"Key": key, "Value": value} for key, value in pairs], MOST_OF_AN_OBJECT)


def read_tag_set(tag_set: Sequence[TagTypeDef], most: int) -> dict[str, str]:
    """Raises AwsError(InvalidTag) for too many, repeated, too long or reserved ones."""
    tags = {tag["Key"]: tag["Value"] for tag in tag_set}
    if len(tags) < len(tag_set):
        raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key", 400)
    if len(tags) > most:
        raise AwsError("BadRequest", f"Object tags cannot be greater than {most}", 400)
    for key, value in tags.items():
        if not 0 < len(key) <= 128 or key.startswith("aws:"):
            raise AwsError("InvalidTag", f"The TagKey you have provided is invalid: {key!r}", 400)
        if len(value) > 256:
            raise AwsError("InvalidTag", f"The TagValue you have provided is invalid: {value!r}", 400)
    return tags


def write_tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
