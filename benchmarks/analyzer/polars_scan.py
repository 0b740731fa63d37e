"""The same plain statistics by Polars."""

import sys

import polars as pl
import polars.selectors as cs

data = pl.scan_csv(sys.argv[1])
number = cs.numeric()
plain = data.select(
    number.count().name.suffix("_count"),
    number.null_count().name.suffix("_null"),
    number.mean().name.suffix("_mean"),
    number.std(ddof=0).name.suffix("_std"),
    number.min().name.suffix("_min"),
    number.max().name.suffix("_max"),
    *[number.quantile(share).name.suffix(f"_q{share}") for share in (0.1, 0.25, 0.5, 0.75, 0.9)],
)
words = [name for name, kind in data.collect_schema().items() if kind == pl.String]
found, *groups = pl.collect_all([plain, *[data.group_by(name).len() for name in words]])
print(found.shape, [group.shape for group in groups])
