"""The promises that only the templates make: what starts the pipeline, what rolls back, what stays, what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.build import REGION, expanded, files_of
from tests.aws.project import OVERRIDES, TEMPLATES, read_template
from tests.tags import property_of_tags

PIPELINE = read_template(TEMPLATES["pipeline.yml"].read_text())["Resources"]
PRD = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())
RESOURCES = PRD["Resources"]


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The production stack's resources as CloudFormation gets them, with the project's own settings."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    parameters = files_of(tmp_path)["deploy-model-prd.json"]["Parameters"]
    resources: dict[str, Any] = expanded("deploy-model-prd.yml", {**parameters, **OVERRIDES})["Resources"]
    return resources


def stages() -> dict[str, list[str]]:
    return {
        stage["Name"]: [action["Name"] for action in stage["Actions"]]
        for stage in PIPELINE["Pipeline"]["Properties"]["Stages"]
    }


def rules_to_the_pipeline() -> set[str]:
    return {
        name
        for name, resource in PIPELINE.items()
        if resource["Type"] == "AWS::Events::Rule"
        and any(":codepipeline:" in json.dumps(target["Arn"]) for target in resource["Properties"]["Targets"])
    }


def test_the_stages_come_in_order_and_a_person_stands_before_production() -> None:
    assert stages() == {
        "Source": ["GitSource", "DataSource"],
        "Build": ["BuildTemplates", "CreateWorkflow", "CreateCustomResource"],
        "Train": ["TrainModel"],
        "DeployDev": ["DeployModelDev", "TellEvidence", "ApproveDeployment"],
        "DeployPrd": ["NameRelease", "DeployModelPrd", "VerifyDeployment", "PruneVersions"],
    }


def test_commit_and_data_start_the_pipeline_and_drift_and_the_month_ask_whether_they_may() -> None:
    assert rules_to_the_pipeline() == {"CommitRule", "DataRule"}
    asked = PIPELINE["RetrainTimer"]["Properties"]["Target"]
    assert asked["Arn"]["Fn::Sub"].endswith(":function:${ProjectPrefix}-${SageMakerProjectName}-retrain")
    assert json.loads(asked["Input"])["Trigger"] == "monthly"
    again = PIPELINE["LastingDriftTimer"]["Properties"]["Target"]
    assert (again["Arn"], json.loads(again["Input"])["Trigger"]) == (asked["Arn"], "lasting drift")
    custom = read_template(TEMPLATES["sagemaker-custom-resource.yml"].read_text())["Resources"]
    assert set(custom["Retrain"]["Properties"]["Events"]) == {"DriftRaised", "ExecutionStarted"}
    template = read_template(TEMPLATES["pipeline.yml"].read_text())
    assert template["Parameters"]["RetrainSchedule"]["Default"] == "cron(0 12 1 * ? *)"
    assert template["Parameters"]["RetrainScheduleState"]["Default"] == "ENABLED"
    assert PIPELINE["RetrainTimer"]["Properties"]["State"] == {"Ref": "RetrainScheduleState"}


def test_sources_are_not_polled_as_events_start_the_pipeline() -> None:
    source = PIPELINE["Pipeline"]["Properties"]["Stages"][0]["Actions"]
    use_code_commit, committed, connected = source[0]["Configuration"]["Fn::If"]
    assert use_code_commit == "UseCodeCommit"
    assert [given["PollForSourceChanges"] for given in (committed, source[1]["Configuration"])] == ["false", "false"]
    assert connected["DetectChanges"] == "false"


def test_only_the_uploaded_data_starts_the_pipeline_not_what_it_writes_itself() -> None:
    pattern = PIPELINE["DataRule"]["Properties"]["EventPattern"]["detail"]["object"]["key"]
    action = PIPELINE["Pipeline"]["Properties"]["Stages"][0]["Actions"][1]
    assert pattern == [action["Configuration"]["S3ObjectKey"]]


def test_the_bucket_is_versioned_encrypted_private_and_tells_of_its_objects() -> None:
    bucket = PIPELINE["ArtifactBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    [statement, *conditional] = PIPELINE["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [found["Fn::If"][0] for found in conditional] == ["HasDevActionRole", "HasPrdActionRole"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def alarms_of(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a deployment group when the stage does not go back."""
    gradually: dict[str, Any] = group["AlarmConfiguration"]["Fn::If"][2]
    return list(gradually["Alarms"])


def test_rollback_looks_at_what_a_client_feels_and_never_at_4xx(production: dict[str, Any]) -> None:
    group = production["ApiFunctionDeploymentGroup"]["Properties"]
    alarms = [production[alarm["Name"]["Ref"]]["Properties"] for alarm in alarms_of(group)]
    assert "4XX" not in json.dumps(alarms)
    *alarms, judge = alarms
    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms}
    assert watched == {("AWS/Lambda", "Errors"), ("AWS/ApiGateway", "5XXError"), ("AWS/ApiGateway", "Latency")}
    assert len(alarms) == 4
    assert (judge["Namespace"], judge["MetricName"]) == ({"Ref": "PipelineName"}, "EvidenceAgainstNewVersion")
    assert (judge["ComparisonOperator"], judge["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert judge["Period"] * judge["EvaluationPeriods"] == 60, "until the judge's next look"
    assert all(alarm["ComparisonOperator"] == "GreaterThanThreshold" for alarm in alarms)
    dimensions = [{entry["Name"] for entry in alarm["Dimensions"]} for alarm in alarms]
    assert {"FunctionName", "Resource"} in dimensions
    assert {"FunctionName", "Resource", "ExecutedVersion"} in dimensions
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_the_version_alarm_watches_the_version_that_the_alias_moves_to(production: dict[str, Any]) -> None:
    alias = production["ApiFunctionAliaslive"]["Properties"]["FunctionVersion"]
    [dimension] = [
        entry["Value"]
        for entry in production["VersionErrors"]["Properties"]["Dimensions"]
        if entry["Name"] == "ExecutedVersion"
    ]
    assert dimension["Fn::If"][1] == alias


def test_traffic_shifts_in_a_canary_with_both_hooks(production: dict[str, Any]) -> None:
    update = production["ApiFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["BeforeAllowTrafficHook"] == {"Ref": "PreTrafficHook"}
    assert update["AfterAllowTrafficHook"] == {"Ref": "PostTrafficHook"}
    group = production["ApiFunctionDeploymentGroup"]["Properties"]
    assert "Canary10Percent5Minutes" in json.dumps(group["DeploymentConfigName"])
    [trigger] = group["TriggerConfigurations"]
    assert set(trigger["TriggerEvents"]) == {"DeploymentSuccess", "DeploymentFailure", "DeploymentRollback"}


def test_a_stage_that_goes_back_moves_traffic_at_once_whatever_the_api_does_meanwhile(
    production: dict[str, Any],
) -> None:
    group = production["ApiFunctionDeploymentGroup"]["Properties"]
    condition, at_once, gradually = group["DeploymentConfigName"]["Fn::If"]
    assert condition == "GoesBackToOlder"
    assert "AllAtOnce" in json.dumps(at_once) and "Canary" in json.dumps(gradually)
    condition, few, all_alarms = group["AlarmConfiguration"]["Fn::If"]
    assert condition == "GoesBackToOlder"
    assert [alarm["Name"] for alarm in few["Alarms"]] == [{"Ref": "VersionErrors"}]
    assert len(all_alarms["Alarms"]) == 5


def test_each_run_publishes_a_version_though_the_image_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    parameters = files_of(tmp_path)["deploy-model-prd.json"]["Parameters"]
    versions = set()
    for release in ("a" * 64, "b" * 64):
        resources = expanded("deploy-model-prd.yml", {**parameters, **OVERRIDES, "ReleaseSha256": release})["Resources"]
        versions |= {name for name, value in resources.items() if value["Type"] == "AWS::Lambda::Version"}
    assert len(versions) == 4  # of the image's function and of the zip's, twice


@pytest.mark.parametrize("name", ["Model", "EndpointConfig", "Endpoint"])
def test_the_previous_version_is_retained_and_the_current_one_goes_with_the_stack(name: str) -> None:
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"
    assert RESOURCES[name]["DeletionPolicy"] == "Delete"


def test_the_newest_retained_versions_stay_as_many_as_the_settings_say(tmp_path: Path) -> None:
    assert files_of(tmp_path)["deploy-model-prd.json"]["Parameters"]["RetainedVersions"] == "1"
    variables = RESOURCES["PruneVersions"]["Properties"]["Environment"]["Variables"]
    assert variables["RETAINED_VERSIONS"] == {"Ref": "RetainedVersions"}


def test_only_production_can_be_pruned() -> None:
    [policy] = PIPELINE["PruneRole"]["Properties"]["Policies"]
    statements = {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    deleting = [resources for action, resources in statements.items() if action.startswith("sagemaker:Delete")]
    assert len(deleting) == 4
    for resources in deleting:
        assert all(resource["Fn::Sub"].endswith("/${ProjectPrefix}-${ModelName}-*-prd") for resource in resources)
    ending = {name for name, value in RESOURCES.items() if value["Type"] == "AWS::SageMaker::Model"}
    assert [RESOURCES[name]["Properties"]["ModelName"] for name in ending] == [{"Ref": "ReleaseName"}]
    names = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())["Parameters"]["ReleaseName"]
    assert names["AllowedPattern"].endswith("-prd$")


def test_what_is_replaced_is_named_after_the_release() -> None:
    assert RESOURCES["Model"]["Properties"]["ModelName"] == {"Ref": "ReleaseName"}
    of_model = {"Fn::GetAtt": ["Model", "ModelName"]}
    assert RESOURCES["EndpointConfig"]["Properties"]["EndpointConfigName"] == of_model
    assert RESOURCES["Endpoint"]["Properties"]["EndpointName"] == of_model
    of_endpoint = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}
    assert RESOURCES["MonitoringSchedule"]["Properties"]["MonitoringScheduleName"] == of_endpoint


def test_inputs_and_outputs_are_captured_encrypted_and_whole_by_default(tmp_path: Path) -> None:
    capture = RESOURCES["EndpointConfig"]["Properties"]["DataCaptureConfig"]
    assert capture["EnableCapture"] is True
    assert [option["CaptureMode"] for option in capture["CaptureOptions"]] == ["Input", "Output"]
    assert capture["KmsKeyId"] == {"Ref": "KmsKeyArn"}
    assert files_of(tmp_path)["deploy-model-prd.json"]["Parameters"]["CapturePercent"] == "100"


def test_scaling_is_from_2_to_10_by_750_invocations(tmp_path: Path) -> None:
    parameters = files_of(tmp_path)["deploy-model-prd.json"]["Parameters"]
    expected = {
        "MinInstances": "2",
        "MaxInstances": "10",
        "InvocationsPerInstance": "750",
        "ScaleInCooldownInSeconds": "60",
        "ScaleOutCooldownInSeconds": "60",
        "InstanceCount": "2",
    }
    assert {name: parameters[name] for name in expected} == expected


def test_drift_tells_a_person_and_a_failed_monitoring_does_too() -> None:
    custom = read_template(TEMPLATES["sagemaker-custom-resource.yml"].read_text())["Resources"]
    for alarm in (RESOURCES["DriftAlarm"], custom["QueryDriftErrors"], custom["RetrainErrors"]):
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "NotificationTopicArn"}]


def test_the_api_is_post_with_its_preflight_in_stage_prod() -> None:
    api = RESOURCES["Api"]["Properties"]
    assert api["StageName"] == "Prod"
    assert {path: set(methods) for path, methods in api["DefinitionBody"]["paths"].items()} == {
        "/api": {"post", "options"}
    }


def test_the_url_is_built_from_the_base_where_one_is_given() -> None:
    given, default = PRD["Outputs"]["ApiUrl"]["Value"]["Fn::If"][1:]
    assert given["Fn::Sub"] == "${ApiBaseUrl}/${Api}/Prod/api"
    assert default["Fn::Sub"] == "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/Prod/api"
    assert {"DeploymentApplication", "DeploymentGroup"} <= set(PRD["Outputs"])


def test_the_lambda_image_of_the_api_works_on_the_shared_volume() -> None:
    function = RESOURCES["ApiFunction"]["Properties"]
    assert function["PackageType"] == "Image"
    assert function["FileSystemConfigs"][0]["LocalMountPath"] == "/mnt/assets"
    assert PIPELINE["AssetsAccessPoint"]["Properties"]["RootDirectory"]["Path"] == "/assets"


def test_a_connection_starts_the_pipeline_by_its_own_trigger_and_nothing_of_codecommit_is_made() -> None:
    properties = PIPELINE["Pipeline"]["Properties"]
    use_code_commit, nothing, [trigger] = properties["Triggers"]["Fn::If"]
    assert (use_code_commit, nothing) == ("UseCodeCommit", {"Ref": "AWS::NoValue"})
    source = properties["Stages"][0]["Actions"][0]
    assert trigger["GitConfiguration"]["SourceActionName"] == source["Name"]
    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": [{"Ref": "GitBranch"}]}}]
    assert source["ActionTypeId"]["Provider"] == {"Fn::If": ["UseCodeCommit", "CodeCommit", "CodeStarSourceConnection"]}
    for name in ("Repository", "CommitRule"):
        assert PIPELINE[name]["Condition"] == "UseCodeCommit"
    assert PIPELINE["PipelineConnection"]["Condition"] == "UseConnection"


def test_production_goes_back_to_the_last_success_and_a_rejected_model_asks_nobody_again() -> None:
    declared = PIPELINE["Pipeline"]["Properties"]["Stages"]
    wanted = {stage["Name"]: stage.get("OnFailure", {}).get("Result") for stage in declared}
    assert {name for name, result in wanted.items() if result == "ROLLBACK"} == {"DeployPrd"}


def test_a_stage_in_another_account_is_acted_on_by_that_accounts_roles() -> None:
    declared = {stage["Name"]: stage["Actions"] for stage in PIPELINE["Pipeline"]["Properties"]["Stages"]}
    nothing = {"Ref": "AWS::NoValue"}
    for stage, prefix in (("DeployDev", "Dev"), ("DeployPrd", "Prd")):
        for action in declared[stage]:
            # These read the pipeline's history and its workflow, and so are where the pipeline is.
            if action["ActionTypeId"]["Category"] == "Approval" or action["Name"] in ("NameRelease", "TellEvidence"):
                assert "RoleArn" not in action
                continue
            role = {"Fn::If": [f"Has{prefix}ActionRole", {"Ref": f"{prefix}ActionRoleArn"}, nothing]}
            assert action["RoleArn"] == role
            if action["ActionTypeId"]["Provider"] == "CloudFormation":
                chosen = action["Configuration"]["RoleArn"]["Fn::If"]
                assert chosen[:2] == [f"Has{prefix}DeployRole", {"Ref": f"{prefix}DeployRoleArn"}]
        assert PIPELINE[f"PipelineIn{prefix}Account"]["Condition"] == f"Has{prefix}ActionRole"


def test_the_network_has_two_public_and_two_private_subnets_in_two_zones() -> None:
    subnets = {name: PIPELINE[name]["Properties"] for name in PIPELINE if PIPELINE[name]["Type"] == "AWS::EC2::Subnet"}
    assert sorted(subnets) == ["PrivateSubnet1", "PrivateSubnet2", "PublicSubnet1", "PublicSubnet2"]
    assert len({subnet["CidrBlock"] for subnet in subnets.values()}) == 4
    for number, kind in ((n, k) for n in (1, 2) for k in ("Public", "Private")):
        assert subnets[f"{kind}Subnet{number}"]["AvailabilityZone"]["Fn::Select"][0] == number - 1
        table = PIPELINE[f"{kind}Routes{number}"]["Properties"]
        assert (table["SubnetId"], table["RouteTableId"]) == (
            {"Ref": f"{kind}Subnet{number}"},
            {"Ref": f"{kind}Routes"},
        )
    assert PIPELINE["PublicRouteOut"]["Properties"]["GatewayId"] == {"Ref": "InternetGateway"}
    assert PIPELINE["NatGateway"]["Properties"]["SubnetId"] == {"Ref": "PublicSubnet1"}
    assert {PIPELINE[name]["Condition"] for name in ("NatAddress", "NatGateway", "PrivateRouteOut")} == {"UseNat"}
    assert PIPELINE["InferenceEndpoint"]["Condition"] == "UseEndpoints"


def test_the_shared_volume_is_encrypted_with_the_projects_key_and_backed_up() -> None:
    volume = PIPELINE["AssetsFileSystem"]["Properties"]
    assert (volume["Encrypted"], volume["KmsKeyId"]) == (True, {"Fn::GetAtt": ["Key", "Arn"]})
    assert volume["BackupPolicy"] == {"Status": "ENABLED"}


def test_each_resource_of_the_pipeline_that_takes_tags_has_those_that_a_bill_is_divided_by() -> None:
    wanted = {
        "Project": {"Fn::Sub": "${ProjectPrefix}-${SageMakerProjectName}"},
        "Model": {"Fn::Sub": "${ProjectPrefix}-${ModelName}"},
        "Stage": "shared",
    }
    found = {}
    for name, resource in PIPELINE.items():
        member = property_of_tags(resource["Type"])
        if member:
            given = resource.get("Properties", {}).get(member, [])
            found[name] = {tag["Key"]: tag["Value"] for tag in given if "Key" in tag}
    assert len(found) > 30
    assert {name for name, tags in found.items() if tags != wanted} == set()
