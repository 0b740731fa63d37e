"""What all commands that read data have in common: the data, its format, the user's scripts, and where the reports go."""

import argparse
from pathlib import Path

from mlsystem.monitor.formats import KINDS, guess
from mlsystem.monitor.reading import DatasetFormat


def add_data_options(command: argparse.ArgumentParser) -> None:
    """Adds them to a command."""
    command.add_argument("data", nargs="+", type=Path, metavar="DATA", help="files, or folders of files")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the reports go")
    command.add_argument("--format", choices=KINDS, help="by default told from the names, and a look at JSON lines")
    command.add_argument("--no-header", action="store_true", help="CSV files begin with data, not with names")
    command.add_argument("--preprocessor", type=Path, metavar="FILE", help="Python file with preprocess_handler")
    command.add_argument("--postprocessor", type=Path, metavar="FILE", help="Python file with postprocess_handler")


def format_of(options: argparse.Namespace) -> DatasetFormat:
    """The format that the options name, or that the data look like. Raises ConfigurationError."""
    return DatasetFormat(KINDS[options.format] if options.format else guess(options.data), not options.no_header)
