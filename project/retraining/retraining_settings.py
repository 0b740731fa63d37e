"""The settings of Retrain: its environment, which has the section `retraining` of mlsystem.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from evidence import Place
from new_training_set import Shares
from retraining_guards import Limits


@dataclass(frozen=True)
class Settings:
    """Where things lie, and how much of them."""

    pipeline: str
    artifacts: Place
    data: Place
    ground_truth: Place
    topic: str
    limits: Limits
    shares: Shares
    window: timedelta
    may_repeat_monthly: bool

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Settings:
        pipeline, bucket = variables["PIPELINE_NAME"], variables["DATASET_BUCKET"]
        hours = timedelta(hours=float(variables["COOL_DOWN_HOURS"]))
        return cls(
            pipeline=pipeline,
            artifacts=Place(variables["ARTIFACT_BUCKET"], pipeline),
            data=Place(bucket, f"retraining/{pipeline}"),
            ground_truth=Place(bucket, variables["GROUND_TRUTH_PREFIX"]),
            topic=variables["NOTIFICATION_TOPIC_ARN"],
            limits=Limits(hours, int(variables["RUNS_PER_MONTH"]), int(variables["MINIMUM_ROWS"])),
            shares=Shares(
                float(variables["TEST_SHARE"]), float(variables["KEEP_SHARE"]), int(variables["MAXIMUM_ROWS"])
            ),
            window=timedelta(hours=float(variables["WINDOW_HOURS"])),
            may_repeat_monthly=variables["MONTHLY_SAME_DATA"] == "true",
        )
