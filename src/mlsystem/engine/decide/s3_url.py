"""Where the address of an object leads. https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit


def place_of(url: str) -> tuple[str, str] | None:
    """Bucket and key of an S3 URL, path style or with the bucket in the host name; None where it names no object."""
    parts = urlsplit(url)
    path = unquote(parts.path.lstrip("/"))
    host = parts.hostname or ""
    if parts.scheme == "s3":
        bucket, key = parts.netloc, path
    elif ".s3" in host:
        bucket, key = host.split(".s3", 1)[0], path
    else:
        bucket, _, key = path.partition("/")
    return (bucket, key) if bucket and key else None
