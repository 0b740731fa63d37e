"""What all commands that read data have in common: the data, its format, the user's scripts, and where the reports go."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mlsystem.monitor.errors import ConfigurationError
from mlsystem.monitor.formats import KINDS, guess
from mlsystem.monitor.reading import DatasetFormat
from mlsystem.monitor.reading.format import parse_format


def add_data_options(command: argparse.ArgumentParser) -> None:
    """Adds them to a command."""
    command.add_argument("data", nargs="+", metavar="DATA", help="files, folders of files, globs, or s3:// URIs")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the reports go")
    command.add_argument("--format", choices=KINDS, help="by default told from the names, and a look at JSON lines")
    command.add_argument("--no-header", action="store_true", help="CSV files begin with data, not with names")
    command.add_argument("--dataset-format", metavar="JSON", help="the format as Model Monitor's container takes it")
    command.add_argument(
        "--newest-records",
        type=_count,
        metavar="N",
        dest="newest",
        help="of captured traffic, only the newest N requests",
    )
    command.add_argument("--preprocessor", type=Path, metavar="FILE", help="Python file with preprocess_handler")
    command.add_argument("--postprocessor", type=Path, metavar="FILE", help="Python file with postprocess_handler")


def _count(text: str) -> int:
    """Raises ValueError, of which the parser tells."""
    if (count := int(text)) < 1:
        raise ValueError
    return count


def format_of(options: argparse.Namespace, data: Sequence[Path]) -> DatasetFormat:
    """The format that the options name, or that the data look like. Raises ConfigurationError."""
    if options.dataset_format is None:
        return DatasetFormat(KINDS[options.format] if options.format else guess(data), not options.no_header)
    if options.format or options.no_header:
        raise ConfigurationError("--dataset-format says it all: leave out --format and --no-header")
    return parse_format(options.dataset_format)
