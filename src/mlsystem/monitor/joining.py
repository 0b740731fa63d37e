"""Joins a baseline behind another one: what is known at different times (requests, then the answers to them) is compared as one."""

from pathlib import Path

from mlsystem.monitor.baseline import CONSTRAINTS, STATISTICS, read_baseline, read_document
from mlsystem.monitor.document import Node
from mlsystem.monitor.errors import ConfigurationError

Document = dict[str, object]


def join_baseline(documents: dict[str, Document], folder: Path) -> None:
    """Puts the features of the baseline in `folder` behind those of the two documents; what else these say stays.

    Raises BaselineError if that cannot be read, ConfigurationError if it has a feature of the same name.
    """
    read_baseline(folder, folder)
    for name in (STATISTICS, CONSTRAINTS):
        features = _features(documents[name])
        joined = read_document(folder, name, _features)
        twice = {str(feature["name"]) for feature in features} & {str(feature["name"]) for feature in joined}
        if twice:
            raise ConfigurationError(
                f"The baseline in {folder} has features of the data's names, too: {', '.join(sorted(twice))}. Which is which?"
            )
        documents[name] = {**documents[name], "features": [*features, *joined]}


def _features(document: object) -> list[Document]:
    """Of a document that was written or read as such."""
    return [feature.value for feature in Node(document)["features"].items() if isinstance(feature.value, dict)]
