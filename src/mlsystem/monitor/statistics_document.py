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


def parse_statistics(document: object) -> DatasetProfile:
    """The profile that a statistics.json holds, ours or Model Monitor's. Raises DocumentError."""
    root = Node(document)
    item_count = int(root["dataset"]["item_count"].number())
    return DatasetProfile(item_count, tuple(_parse_feature(node, item_count) for node in root["features"].items()))


def _parse_feature(node: Node, item_count: int) -> FeatureProfile:
    inferred = InferredType(node["inferred_type"].one_of(*(kind.value for kind in InferredType)))
    if inferred is InferredType.UNKNOWN:  # nothing is known of what Model Monitor writes for these, nor is it needed
        return FeatureProfile(node["name"].text(), inferred, 0, item_count, TypeCounts())
    numerical, strings = node.get("numerical_statistics"), node.get("string_statistics")
    statistics = numerical or strings or node.fail("has neither numerical_statistics nor string_statistics")
    common = statistics["common"]
    return FeatureProfile(
        name=node["name"].text(),
        inferred_type=inferred,
        num_present=int(common["num_present"].number()),
        num_missing=int(common["num_missing"].number()),
        types=TypeCounts(),  # the file does not hold them
        numerical=_parse_numerical(numerical, int(common["num_present"].number())) if numerical else None,
        categories=_parse_categories(strings) if strings else None,
    )


def _parse_numerical(node: Node, count: int) -> NumericalStatistics:
    kll = node["distribution"]["kll"]
    parameters = kll["sketch"]["parameters"]
    levels = [level.numbers() for level in kll["sketch"]["data"].items()]
    return NumericalStatistics(
        moments=Moments(count, *(node[key].number() for key in ("sum", "mean", "std_dev", "min", "max"))),
        buckets=[
            Bucket(bucket["lower_bound"].number(), bucket["upper_bound"].number(), bucket["count"].number())
            for bucket in kll["buckets"].items()
        ],
        sketch=KllSketch.restore(int(parameters["k"].number()), parameters["c"].number(), levels),
    )


def _parse_categories(node: Node) -> Categories:
    buckets = node["distribution"]["categorical"]["buckets"].items()
    counts = tuple((bucket["value"].text(), int(bucket["count"].number())) for bucket in buckets)
    return Categories(int(node["distinct_count"].number()), counts)
