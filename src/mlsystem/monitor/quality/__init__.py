"""How good a model's answers are, by what turned out later: metrics, their noise, and a verdict. Pure.

The metrics, their names and the files are those of SageMaker Model Monitor's model quality
(https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html). docs/monitor-format.md says
of each how sure we are; docs/model-quality.md says how to read a verdict.
"""
