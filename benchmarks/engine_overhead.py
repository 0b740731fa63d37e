"""What the engine adds to a job: seconds from Create to Completed of a training job whose program does nothing.

    python benchmarks/engine_overhead.py [--rounds 10] [--json]

The same program is also started bare, round by round in the same run: the difference is the engine's part (staging, sandbox, shim,
upload, and the states in between).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.bare_programs import seconds_of
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role

PROGRAM = "#!/bin/sh\necho done > /opt/ml/model/model.txt\n"
BARE = ["/bin/sh", "-c", "echo done > /dev/null"]


def bare_once() -> None:
    subprocess.run(BARE, check=True)


def job_once(sagemaker: Any, arn: str, image: str, bucket: str, name: str) -> None:
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=arn,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )

    def ended() -> bool:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        if job["TrainingJobStatus"] in ("Failed", "Stopped"):
            raise SystemExit(f"{name}: {job.get('FailureReason')}")
        return bool(job["TrainingJobStatus"] == "Completed")

    eventually(ended, timeout=60, interval=0.01)


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"bare program": [], "training job": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = LiveEngine(Path(folder) / "engine")
        engine.start()
        try:
            engine.client("s3").create_bucket(Bucket="bench")
            image = push_image(engine, "bench", {"/opt/program/train": PROGRAM})
            sagemaker, arn = engine.client("sagemaker"), role(engine, "bench")
            job_once(sagemaker, arn, image, "bench", "warm-up")  # the image is unpacked once
            for number in range(rounds):
                name = f"job-{number}"
                found["bare program"].append(seconds_of(bare_once))
                found["training job"].append(
                    seconds_of(lambda name=name: job_once(sagemaker, arn, image, "bench", name))
                )
        finally:
            engine.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    rows = {
        name: {"median_s": round(statistics.median(values), 3), "max_s": round(max(values), 3)}
        for name, values in found.items()
    }
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    bare = rows["bare program"]["median_s"]
    print(f"{'':20}{'median s':>10}{'max s':>8}{'added s':>10}")
    for name, row in rows.items():
        print(f"{name:20}{row['median_s']:>10.3f}{row['max_s']:>8.3f}{row['median_s'] - bare:>10.3f}")


if __name__ == "__main__":
    main()
