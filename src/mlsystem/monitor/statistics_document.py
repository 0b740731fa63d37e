"""statistics.json: a profile as the document that Model Monitor's readers know, and back.

Which keys there are, in which order, and which numbers are doubles: docs/monitor-format.md.
"""

from array import array

from mlsystem.monitor.document import Node
from mlsystem.monitor.moments import Moments
from mlsystem.monitor.profile import Categories, DatasetProfile, FeatureProfile, NumericalStatistics
from mlsystem.monitor.sketch import Bucket, KllSketch
from mlsystem.monitor.types import InferredType, TypeCounts

Document = dict[str, object]

VERSION = 0.0
_MOST_LEVELS = 64  # each stands for twice as many rows as the one before


def statistics_document(profile: DatasetProfile) -> Document:
    """The document of a profile, ready to be written."""
    return {
        "version": VERSION,
        "dataset": {"item_count": profile.item_count},
        "features": [_feature(feature) for feature in profile.features],
    }


def _feature(feature: FeatureProfile) -> Document:
    head: Document = {"name": feature.name, "inferred_type": feature.inferred_type.value}
    common = {"common": {"num_present": feature.num_present, "num_missing": feature.num_missing}}
    if feature.inferred_type.is_numeric and feature.numerical is not None:
        return head | {"numerical_statistics": common | _numerical(feature.numerical)}
    return head | {"string_statistics": common | _strings(feature.categories or Categories(0, ()))}


def _numerical(statistics: NumericalStatistics) -> Document:
    moments, sketch = statistics.moments, statistics.sketch
    buckets = [
        {"lower_bound": b.lower_bound, "upper_bound": b.upper_bound, "count": b.count} for b in statistics.buckets
    ]
    parameters = {"c": sketch.shrinking_factor, "k": float(sketch.size)}
    data = [array("d", level.tobytes()) for level in sketch.levels]
    return {
        "mean": moments.mean,
        "sum": moments.total,
        "std_dev": moments.std_dev,
        "min": moments.minimum,
        "max": moments.maximum,
        "distribution": {"kll": {"buckets": buckets, "sketch": {"parameters": parameters, "data": data}}},
    }


def _strings(categories: Categories) -> Document:
    buckets = [{"value": value, "count": count} for value, count in categories.counts]
    return {"distinct_count": float(categories.distinct), "distribution": {"categorical": {"buckets": buckets}}}


def require_version(root: Node) -> None:
    """Raises DocumentError for a document that says that it is of another version: it may mean something else."""
    version = root.get("version")
    if version and version.number() != VERSION:
        version.fail(f"is {version.value}, and only {VERSION} can be read")


def parse_statistics(document: object) -> DatasetProfile:
    """The profile that a statistics.json holds, ours or Model Monitor's. Raises DocumentError."""
    root = Node(document)
    require_version(root)
    item_count = root["dataset"]["item_count"].count() or root["dataset"].fail("is empty: its item_count is 0")
    return DatasetProfile(item_count, tuple(_parse_feature(node, item_count) for node in root["features"].items()))


def _parse_feature(node: Node, item_count: int) -> FeatureProfile:
    inferred = InferredType(node["inferred_type"].one_of(*(kind.value for kind in InferredType)))
    if inferred is InferredType.UNKNOWN:  # nothing is known of what Model Monitor writes for these, nor is it needed
        return FeatureProfile(node["name"].text(), inferred, 0, item_count, TypeCounts())
    numerical, strings = node.get("numerical_statistics"), node.get("string_statistics")
    statistics = numerical or strings or node.fail("has neither numerical_statistics nor string_statistics")
    common = statistics["common"]
    present, missing = common["num_present"].count(), common["num_missing"].count()
    if not present + missing:
        common.fail("knows of no row")
    return FeatureProfile(
        name=node["name"].text(),
        inferred_type=inferred,
        num_present=present,
        num_missing=missing,
        types=TypeCounts(),  # the file does not hold them
        numerical=_parse_numerical(numerical, present) if numerical else None,
        categories=_parse_categories(strings) if strings else None,
    )


def _parse_numerical(node: Node, count: int) -> NumericalStatistics:
    kll = node["distribution"]["kll"]
    parameters = kll["sketch"]["parameters"]
    levels = [level.numbers() for level in kll["sketch"]["data"].items()]
    if not any(levels) or len(levels) > _MOST_LEVELS:
        kll["sketch"].fail("is no sketch of some rows")
    size, shrinking = parameters["k"].count(), parameters["c"].number()
    if not (size and 0.0 < shrinking <= 1.0):
        parameters.fail("are none that a sketch can have")
    return NumericalStatistics(
        moments=Moments(count, *(node[key].number() for key in ("sum", "mean", "std_dev", "min", "max"))),
        buckets=[
            Bucket(bucket["lower_bound"].number(), bucket["upper_bound"].number(), bucket["count"].number())
            for bucket in kll["buckets"].items()
        ],
        sketch=KllSketch.restore(size, shrinking, levels),
    )


def _parse_categories(node: Node) -> Categories:
    buckets = node["distribution"]["categorical"]["buckets"].items()
    counts = tuple((bucket["value"].text(), bucket["count"].count()) for bucket in buckets)
    return Categories(node["distinct_count"].count(), counts)
