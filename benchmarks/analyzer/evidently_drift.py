"""Evidently's drift preset: the file against its first half."""

import sys

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

data = pd.read_csv(sys.argv[1])
print(len(Report([DataDriftPreset()]).run(data, data.iloc[: len(data) // 2]).dict()["metrics"]))
