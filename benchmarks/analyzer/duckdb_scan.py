"""What a bare scan of a CSV file costs: DuckDB reads it once, and computes the plain statistics of every column."""

import sys

import duckdb

connection = duckdb.connect()
connection.execute(f"CREATE TABLE data AS SELECT * FROM read_csv('{sys.argv[1]}')")
columns = connection.table("data").columns
numeric = [name for name, kind in zip(columns, connection.table("data").types, strict=True) if str(kind) != "VARCHAR"]
wanted = ", ".join(
    f"count({name}), count(*) - count({name}), avg({name}), stddev_pop({name}), min({name}), max({name}), "
    f"approx_quantile({name}, [0.1, 0.25, 0.5, 0.75, 0.9])"
    for name in numeric
)
print(len(connection.execute(f"SELECT {wanted} FROM data").fetchall()[0]))
for name in columns:
    if name not in numeric:
        print(name, len(connection.execute(f"SELECT {name}, count(*) FROM data GROUP BY 1").fetchall()))
