"""The analyzer: profiles a dataset or a model's answers, suggests constraints, and checks later ones against them.

It writes the files of Amazon SageMaker Model Monitor (closed to new customers since July 2026, its container never
public), so that everything which reads them keeps working. docs/monitor-format.md says, field by field, how sure we are.

What decides (types, moments, sketch, profile, constraints, distances, violations, verdicts, unusual rows, metrics, the
documents and the page made of them; `quality`, how good a model's answers are) does no I/O. What touches the world
stands around it: `reading` (files to columns), `ground_truth` (captures merged with what turned out later, files to
answers), `scripts` (a user's handlers), `publishing` (CloudWatch), `run_folders` and `report_files` (the page from the
files of runs), `run` and `quality_run` (one analysis, start to end), `container` and `command` (the two ways to start).
"""
