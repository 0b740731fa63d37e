"""The values of dataset_format that Model Monitor's users have."""

import pytest

from mlsystem.monitor.errors import ConfigurationError
from mlsystem.monitor.reading import DatasetFormat, Kind, parse_format


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"csv":{"header":true,"output_columns_position":"START"}}', DatasetFormat(Kind.CSV, has_header=True)),
        ('{"csv":{"header":false}}', DatasetFormat(Kind.CSV, has_header=False)),
        ('{"csv":{}}', DatasetFormat(Kind.CSV, has_header=False)),
        ('{"json":{"lines":true}}', DatasetFormat(Kind.JSON_LINES, has_header=False)),
        ('{"parquet":{}}', DatasetFormat(Kind.PARQUET, has_header=False)),
        (
            '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
            DatasetFormat(Kind.CAPTURE, has_header=False, parts=("endpointOutput", "endpointInput")),
        ),
        (
            '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput"]}}',
            DatasetFormat(Kind.CAPTURE, has_header=False, parts=("endpointInput",)),
        ),
        (
            '{"sagemakerCaptureJson":{"output_columns_position":"END"}}',
            DatasetFormat(Kind.CAPTURE, has_header=False, parts=("endpointInput", "endpointOutput")),
        ),
    ],
)
def test_a_format_is_understood(text: str, expected: DatasetFormat) -> None:
    assert parse_format(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("csv", "cannot be understood"),
        ('{"orc":{}}', "one key of: csv, json, parquet, sagemakerCaptureJson"),
        ('{"csv":{},"json":{}}', "one key of"),
        ('{"json":{"lines":false}}', 'must say {"lines": true}'),
        ('{"csv":{"header":"true"}}', r"csv\.header is neither true nor false"),
        ("[" * 100_000, "cannot be understood"),
        ('{"csv":{"output_columns_position":"MIDDLE"}}', r"output_columns_position is 'MIDDLE'; allowed: START, END"),
        ('{"sagemakerCaptureJson":{"captureIndexNames":["input"]}}', r"captureIndexNames\[0\] is 'input'"),
    ],
)
def test_a_format_that_means_nothing_is_an_error_that_shows_it(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse_format(text)
