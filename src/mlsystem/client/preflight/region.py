"""Services that a region lacks, as far as botocore's list of endpoints knows, and those that an account may not use.

The list is of the day of the installed botocore. What an account lacks AWS tells when it is asked for anything of the service; but that
CodeCommit takes no new repository of an account that never had one, it tells only then.
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError, EndpointConnectionError

from mlsystem.client.connection import Connection
from mlsystem.client.preflight.finding import Finding

# By boto3's names, those of the templates' resources but for IAM, which is everywhere.
SERVICES = (
    "application-autoscaling",
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codedeploy",
    "codepipeline",
    "ec2",
    "ecr",
    "efs",
    "events",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "scheduler",
    "sns",
    "stepfunctions",
    "sts",
)


def check_region(region: str, services: tuple[str, ...] = SERVICES) -> Iterator[Finding]:
    import boto3

    session = boto3.session.Session()
    partition = session.get_partition_for_region(region)
    for service in services:
        known = session.get_available_regions(service, partition_name=partition)
        if known and region not in known:
            yield Finding("problem", f"region {region}", f"it has no {service}: choose a region such as {known[0]}")


# A request that changes nothing, of each service that accounts may be without.
PROBES = {
    "codebuild": "list_projects",
    "codecommit": "list_repositories",
    "codedeploy": "list_applications",
    "codepipeline": "list_pipelines",
    "sagemaker": "list_models",
}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (OptInRequired), and what others say for it.
WITHOUT = ("OptInRequired", "SubscriptionRequiredException", "NotSignedUp")


def check_account(connection: Connection, services: tuple[str, ...] = tuple(PROBES)) -> Iterator[Finding]:
    """Who may not ask is no finding: whether the caller may do what a deployment does is looked at elsewhere."""
    for service in services:
        try:
            getattr(connection.client(service), PROBES[service])()
        except EndpointConnectionError as error:
            yield Finding("problem", f"service {service}", f"{error} Does the region have it, and is there a network?")
        except ClientError as error:
            if error.response["Error"]["Code"] in WITHOUT:
                words = f"the account cannot use it: {error.response['Error'].get('Message', '')}"
                yield Finding("problem", f"service {service}", f"{words} Sign up for it, or use another account")
