"""What turned out later, beside what a model had said: captures and ground truth merged by id, and rows read from files.

The lines of ground truth are those of
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html.
"""
