"""NannyML's univariate drift: the file against its first half."""

import sys

import nannyml
import pandas as pd

data = pd.read_csv(sys.argv[1])
calculator = nannyml.UnivariateDriftCalculator(column_names=list(data.columns), chunk_size=len(data))
calculator.fit(data.iloc[: len(data) // 2])
print(calculator.calculate(data).to_df().shape)
