"""Prints docs/resources.md: every resource of the templates, and what a local run does with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from samtranslator.model.sam_resources import SamResourceMacro

from mlsystem.engine.services.cloudformation.room import TYPES
from tests.aws.build import workflow_graph
from tests.aws.project import ROOT, TEMPLATES, read_template

HEAD = """\
# Resources: what the templates create, and what a local run does with each

Made from the templates by `make resources-docs`; a test compares the two. *Real*: the engine does what AWS does with it. *Recorded*: it
is kept with its attributes, listed and deleted, and has no effect, as it means nothing on one machine. *Refused*: a stack that would
create it is refused before anything is created.
"""

# By the service of a type. What only some of its types are, stands below.
RECORDED_SERVICES = {"EC2": "there is one machine, and no network between its programs to route"}
RECORDED_TYPES = {"AWS::EFS::MountTarget": "functions of one machine see the shared folder without a network"}
REAL = {
    "AWS::ApiGateway::ApiKey": "the front door asks for it",
    "AWS::ApiGateway::UsagePlan": "says which keys open which stage; the front door throttles each",
    "AWS::ApiGateway::UsagePlanKey": "puts a key into a plan",
    "AWS::ApplicationAutoScaling::ScalableTarget": "bounds of the endpoint's instances, and other ones at times",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "starts and ends instances as requests come",
    "AWS::CloudWatch::Alarm": "looks at metrics, acts when they are bad",
    "AWS::CloudWatch::Dashboard": "kept, checked and given out again",
    "AWS::CodeBuild::Project": "runs the buildspec in a sandbox",
    "AWS::CodeCommit::Repository": "a Git repository that one pushes to",
    "AWS::CodePipeline::Pipeline": "its stages run, wait, fail and roll back",
    "AWS::ECR::Repository": "holds the images that jobs, endpoints and functions run; they are not scanned",
    "AWS::EFS::AccessPoint": "a folder that functions mount",
    "AWS::EFS::FileSystem": "a folder that functions share; it is not backed up",
    "AWS::Events::Rule": "matches events and calls its targets",
    "AWS::IAM::Policy": "decides what its roles may do",
    "AWS::IAM::Role": "decides what whoever acts in it may do",
    "AWS::KMS::Alias": "a name of the key",
    "AWS::SecretsManager::Secret": "keeps a value that is encrypted with the key",
    "AWS::KMS::Key": "encrypts objects, captured requests and reports; its material rotates",
    "AWS::Lambda::Permission": "lets a service call a function",
    "AWS::S3::Bucket": "holds objects and their versions, and tells of new ones",
    "AWS::S3::BucketPolicy": "decides who may reach the bucket",
    "AWS::SNS::Subscription": "sends e-mails by SMTP",
    "AWS::SNS::Topic": "sends what it is told to its subscribers",
    "AWS::SNS::TopicPolicy": "decides who may publish",
    "AWS::SageMaker::Endpoint": "serves the model from as many processes as it has instances",
    "AWS::SageMaker::EndpointConfig": "says what an endpoint runs and captures",
    "AWS::SageMaker::Model": "image and artefact of a model",
    "AWS::SageMaker::MonitoringSchedule": "runs the analyzer when it is due",
    "AWS::Scheduler::Schedule": "calls its target when it is due",
    "AWS::ServiceCatalog::CloudFormationProduct": "a template, and the versions of it that can be launched",
    "AWS::ServiceCatalog::LaunchRoleConstraint": "the role in which the product is launched",
    "AWS::ServiceCatalog::Portfolio": "what is offered to whom",
    "AWS::ServiceCatalog::PortfolioPrincipalAssociation": "lets a role launch what is in the portfolio",
    "AWS::ServiceCatalog::PortfolioProductAssociation": "puts the product into the portfolio",
    "AWS::CodeDeploy::DeploymentConfig": "steps in which traffic shifts, besides those that CodeDeploy has itself",
    "AWS::Serverless::Api": "the front door serves it; SAM makes an API, a deployment and a stage of it",
    "AWS::Serverless::Function": "runs in a sandbox; SAM makes a function, its version, alias, rules and deployment group of it",
    "AWS::StepFunctions::StateMachine": "its executions run",
}


def templates() -> dict[str, Mapping[str, str]]:
    """Types by logical id, by template."""
    files = [*TEMPLATES.values(), *ROOT.glob("studio.yml")]
    bodies = {path.name: read_template(path.read_text()) for path in files}
    bodies["workflow-graph.yml (made by the build)"] = workflow_graph()
    return {
        name: {logical_id: resource["Type"] for logical_id, resource in body["Resources"].items()}
        for name, body in bodies.items()
    }


def known_types() -> set[str]:
    """What the engine creates, itself or by SAM."""
    serverless = {kind.resource_type for kind in SamResourceMacro.__subclasses__()}
    return {kind.name for kind in TYPES} | serverless


def is_recorded(kind: str) -> bool:
    return kind.split("::")[1] in RECORDED_SERVICES or kind in RECORDED_TYPES


def local_run(kind: str) -> tuple[str, str]:
    """Real, Recorded or Refused, and what that means. KeyError for a type that nobody has described."""
    if kind not in known_types():
        return "Refused", "the engine does not have it"
    if is_recorded(kind):
        return "Recorded", RECORDED_TYPES.get(kind) or RECORDED_SERVICES[kind.split("::")[1]]
    return "Real", REAL[kind]


def page() -> str:
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for name, resources in templates().items():
        yield f"## {name}\n"
        yield "| Resource | Type | Locally | |"
        yield "|---|---|---|---|"
        for logical_id, kind in resources.items():
            state, words = local_run(kind)
            yield f"| {logical_id} | {kind.removeprefix('AWS::')} | {state} | {words} |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
