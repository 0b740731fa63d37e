"""SageMaker's deployment guardrails: in which steps an endpoint's update moves its traffic, how long each is baked, what takes it back.

    guardrail = read_guardrail(deployment_config, {"AllTraffic": 4})      raises AwsError for what SageMaker refuses
    guardrail.steps({"AllTraffic": 4})                                    [{"AllTraffic": 1}, {"AllTraffic": 4}]

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from mlsystem.engine.decide.guardrail.capacity import CapacitySize
from mlsystem.engine.decide.guardrail.guardrail import Guardrail, Shifting
from mlsystem.engine.decide.guardrail.reading import read_guardrail

__all__ = ["CapacitySize", "Guardrail", "Shifting", "read_guardrail"]
