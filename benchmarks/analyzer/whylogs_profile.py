"""A profile by whylogs."""

import sys

import pandas as pd
import whylogs

print(whylogs.log(pd.read_csv(sys.argv[1])).view().to_pandas().shape)
