"""Names of metrics: those that YACE gives, so that dashboards fit both."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.prometheus import label_name, metric_name


@pytest.mark.parametrize(
    ("namespace", "name", "statistic", "expected"),
    [
        ("AWS/SageMaker", "ModelLatency", "p99", "aws_sagemaker_model_latency_p99"),
        ("AWS/SageMaker", "Invocation5XXErrors", "Sum", "aws_sagemaker_invocation5_xxerrors_sum"),
        ("AWS/ApiGateway", "5XXError", "SampleCount", "aws_apigateway_5_xxerror_sample_count"),
        ("/aws/sagemaker/Endpoints", "CPUUtilization", "Maximum", "aws_sagemaker_endpoints_cpuutilization_maximum"),
        ("aws/sagemaker/Endpoints/data-metrics", "drift_x%", "Average", "aws_sagemaker_endpoints_data_metrics_drift_x_percent_average"),
        ("my-pipeline", "features_drifted", "Maximum", "aws_my_pipeline_features_drifted_maximum"),
        ("Größe", "é", "p99.9", "aws_gr__e___p99_9"),
    ],
)  # fmt: skip
def test_metrics_are_called_by_namespace_name_and_statistic(
    namespace: str, name: str, statistic: str, expected: str
) -> None:
    assert metric_name(namespace, name, statistic) == expected


def test_labels_keep_the_names_of_dimensions() -> None:
    assert label_name("EndpointName") == "dimension_EndpointName"
    assert label_name("Event Source-Arn") == "dimension_Event_Source_Arn"
