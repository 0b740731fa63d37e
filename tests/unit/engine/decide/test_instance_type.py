"""What an instance type has, by its name."""

import botocore.session
import pytest

from mlsystem.engine.decide.instance_type import instance_type

GIB = 2**30


@pytest.mark.parametrize(
    ("name", "vcpus", "gib"),
    [
        ("ml.t3.medium", 2, 4),
        ("ml.m5.large", 2, 8),
        ("ml.m5.24xlarge", 96, 384),
        ("ml.c5.xlarge", 4, 8),
        ("ml.c5.9xlarge", 36, 72),
        ("ml.c4.2xlarge", 8, 15),
        ("ml.r5.4xlarge", 16, 128),
        ("ml.m7i-flex.large", 2, 8),
        ("ml.c8g.medium", 1, 2),
        ("ml.g4dn.xlarge", 4, 16),
        ("ml.p3.2xlarge", 8, 61),
        ("ml.p5.48xlarge", 192, 2048),
        ("ml.inf1.6xlarge", 24, 48),
    ],
)
def test_it_is_that_of_the_hardware(name: str, vcpus: int, gib: float) -> None:
    found = instance_type(name)
    assert found is not None
    assert (found.vcpus, found.memory_bytes / GIB) == (vcpus, gib)


def test_those_without_accelerator_that_sagemaker_offers_are_all_known() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shapes = (
        "TrainingInstanceType",
        "ProcessingInstanceType",
        "TransformInstanceType",
        "ProductionVariantInstanceType",
    )
    offered = {name for shape in shapes for name in model.shape_for(shape).metadata["enum"]}
    plain = {name for name in offered if name.split(".")[1][0] in "cmrt" and not name.startswith("ml.trn")}
    assert len(plain) > 200
    assert {name for name in plain if instance_type(name) is None} == set()


@pytest.mark.parametrize("name", ["", "ml.unheard9000", "m5.large", "ml.p6-b200.48xlarge", "ml.x1.large"])
def test_a_name_that_is_not_known_has_nothing(name: str) -> None:
    assert instance_type(name) is None
