"""Mail Approval Link: with each approval that the pipeline asks for comes a mail with a signed link to it on the web console.

CodePipeline's own mail cannot carry it: what that says, everybody reads who may see the pipeline's history. For the same reason the link is
neither logged nor returned.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from approval_link import link_message, question_of, signed_link

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient

log = logging.getLogger(__name__)


def mail_approval_link(
    secrets: SecretsManagerClient, sns: SNSClient, variables: Mapping[str, str], event: Mapping[str, Any]
) -> None:
    """`event`: that an approval has begun. Mails nothing without the key."""
    question = question_of(event)
    key = secrets.get_secret_value(SecretId=variables["LINK_KEY_NAME"])["SecretString"]
    subject, text = link_message(question, signed_link(variables["CONSOLE_URL"], key, question))
    sns.publish(TopicArn=variables["NOTIFICATION_TOPIC_ARN"], Subject=subject, Message=text)
    log.info("mailed a link to %s of execution %s", question["action"], question["execution"])


def handler(event: dict[str, Any], _context: object) -> None:
    """Lambda's entry point."""
    mail_approval_link(boto3.client("secretsmanager"), boto3.client("sns"), os.environ, event)
