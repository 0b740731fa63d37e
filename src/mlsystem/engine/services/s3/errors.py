"""S3's errors, with the HTTP status that S3 gives to each: botocore's model lacks most of them.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from mlsystem.engine.decide.errors import AwsError


def no_such_bucket(name: str) -> AwsError:
    return AwsError("NoSuchBucket", f"The specified bucket does not exist: {name}", 404)


def no_such_key(key: str) -> AwsError:
    return AwsError("NoSuchKey", f"The specified key does not exist: {key}", 404)


def no_such_version(key: str, version_id: str) -> AwsError:
    return AwsError("NoSuchVersion", f"The specified version does not exist: {version_id} of {key}", 404)


def no_such_upload(upload_id: str) -> AwsError:
    return AwsError(
        "NoSuchUpload",
        f"The specified upload does not exist. The upload ID {upload_id!r} may be invalid, or the upload may have been "
        "aborted or completed.",
        404,
    )


def delete_marker_asked() -> AwsError:
    return AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)


def precondition_failed(condition: str) -> AwsError:
    return AwsError(
        "PreconditionFailed", f"At least one of the pre-conditions you specified did not hold: {condition}", 412
    )


def invalid_argument(message: str) -> AwsError:
    return AwsError("InvalidArgument", message, 400)


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, 400)


def malformed_xml(message: str) -> AwsError:
    return AwsError("MalformedXML", f"The XML you provided was not well-formed or did not validate: {message}", 400)
