"""Services that a region lacks, as far as botocore's list of endpoints knows.

The list is of the day of the installed botocore; whether an account may use a service that AWS offers only to some is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import boto3

from mlsystem.client.preflight.finding import Finding

# By boto3's names, those of the templates' resources.
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
    "iam",
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
GLOBAL = ("iam",)


def check_region(region: str, services: tuple[str, ...] = SERVICES) -> Iterator[Finding]:
    session = boto3.session.Session()
    partition = session.get_partition_for_region(region)
    for service in services:
        if service in GLOBAL:
            continue
        known = session.get_available_regions(service, partition_name=partition)
        if known and region not in known:
            yield Finding("problem", f"region {region}", f"it has no {service}: choose a region such as {known[0]}")
