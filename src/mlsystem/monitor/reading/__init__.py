"""From files to columns: DuckDB reads CSV, Parquet and JSON lines; captured invocations have their own reader.

The rest of the analyzer sees `Dataset` alone: a number of rows, and columns by name.
"""

from mlsystem.monitor.reading.dataset import Dataset
from mlsystem.monitor.reading.format import DatasetFormat, Kind, parse_format
from mlsystem.monitor.reading.opening import open_dataset

__all__ = ["Dataset", "DatasetFormat", "Kind", "open_dataset", "parse_format"]
