"""What a bare scan of capture files costs: DuckDB reads the records once, and computes the plain statistics of every cell."""

import sys

import duckdb

body = "STRUCT(data VARCHAR, encoding VARCHAR)"
connection = duckdb.connect()
connection.execute(
    f"""
    CREATE TABLE data AS
    SELECT string_split(rtrim(captureData.endpointOutput.data, chr(10)) || ',' || captureData.endpointInput.data, ',') AS cells
    FROM read_json('{sys.argv[1]}', format = 'newline_delimited',
                   columns = {{captureData: 'STRUCT(endpointInput {body}, endpointOutput {body})'}})
    """
)
(first,) = connection.execute("SELECT cells FROM data LIMIT 1").fetchall()[0]
words = [place for place, cell in enumerate(first) if cell and not cell.lstrip("-").replace(".", "").isdigit()]
numbers = [place for place in range(len(first)) if place not in words]
casts = ", ".join(f"TRY_CAST(nullif(cells[{place + 1}], '') AS DOUBLE) AS n{place}" for place in numbers)
wanted = ", ".join(
    f"count(n{place}), count(*) - count(n{place}), avg(n{place}), stddev_pop(n{place}), min(n{place}), max(n{place}), "
    f"approx_quantile(n{place}, [0.1, 0.25, 0.5, 0.75, 0.9])"
    for place in numbers
)
print(len(connection.execute(f"SELECT {wanted} FROM (SELECT {casts} FROM data)").fetchall()[0]))
for place in words:
    print(place, len(connection.execute(f"SELECT cells[{place + 1}], count(*) FROM data GROUP BY 1").fetchall()))
