"""constraints.json: constraints as the document that Model Monitor's readers know (and users edit), and back.

A user's edit that means nothing, such as an unknown method, is an error that names its place: a check that was meant
to be strict must not turn itself off. What Model Monitor did not have (more methods, a correction, a minimum sample)
stands in members of their own, which other readers leave alone, and only if it was asked for.
"""

from collections.abc import Callable, Mapping

from mlsystem.monitor.comparison_rules import changed, faults
from mlsystem.monitor.constraints import Constraints, FeatureConstraints, MonitoringConfig
from mlsystem.monitor.distances import CATEGORICAL_METHODS, COMPARISON_METHODS
from mlsystem.monitor.document import Node
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.statistics_document import VERSION, Document, require_version
from mlsystem.monitor.types import InferredType

# Where a feature's own monitoring_config may stand: AWS documents the first, its SDK writes the second.
OVERRIDES = "monitoringConfigOverrides"
SDK_OVERRIDES = "monitoring_config_overrides"


def constraints_document(constraints: Constraints) -> Document:
    """The document of constraints, ready to be written."""
    return {
        "version": VERSION,
        "features": [_feature(feature) for feature in constraints.features],
        "monitoring_config": _config(constraints.config),
    }


def _feature(feature: FeatureConstraints) -> Document:
    document: Document = {"name": feature.name, "inferred_type": feature.inferred_type.value}
    if feature.completeness is not None:
        document["completeness"] = feature.completeness
    if feature.is_non_negative is not None:
        document["num_constraints"] = {"is_non_negative": feature.is_non_negative}
    if feature.domains is not None:
        document["string_constraints"] = {"domains": list(feature.domains)}
    return document


def _config(config: MonitoringConfig) -> Document:
    comparison: Document = {
        "perform_comparison": _switch(config.perform_comparison),
        "comparison_threshold": config.comparison_threshold,
        "comparison_method": config.comparison_method,
    }
    if config.categorical_comparison_threshold is not None:
        comparison["categorical_comparison_threshold"] = config.categorical_comparison_threshold
    if config.categorical_drift_method is not None:
        comparison["categorical_drift_method"] = config.categorical_drift_method
    if config.multiple_testing_correction is not None:
        comparison["multiple_testing_correction"] = config.multiple_testing_correction
    if config.minimum_sample is not None:
        comparison["minimum_sample"] = config.minimum_sample
    return {
        "evaluate_constraints": _switch(config.evaluate_constraints),
        "emit_metrics": _switch(config.emit_metrics),
        "datatype_check_threshold": config.datatype_check_threshold,
        "domain_content_threshold": config.domain_content_threshold,
        "distribution_constraints": comparison,
    }


def _switch(is_on: bool) -> str:
    return "Enabled" if is_on else "Disabled"


def parse_constraints(document: object) -> Constraints:
    """The constraints that a constraints.json holds, ours or Model Monitor's, edited or not. Raises DocumentError."""
    root = Node(document)
    require_version(root)
    node = root.get("monitoring_config")
    config = _parse_config(node, MonitoringConfig()) if node else MonitoringConfig()
    return Constraints(tuple(_parse_feature(feature, config) for feature in root["features"].items()), config)


def _parse_feature(node: Node, config: MonitoringConfig) -> FeatureConstraints:
    completeness, strings = node.get("completeness"), node.get("string_constraints")
    domains = strings.get("domains") if strings else None
    numbers = node.get("num_constraints")
    is_non_negative = numbers.get("is_non_negative") if numbers else None
    for override in (node.get(OVERRIDES), node.get(SDK_OVERRIDES), strings.get(SDK_OVERRIDES) if strings else None):
        config = _parse_override(override, config) if override else config
    return FeatureConstraints(
        name=node["name"].text(),
        inferred_type=InferredType(node["inferred_type"].one_of(*(kind.value for kind in InferredType))),
        completeness=_share(completeness) if completeness else None,
        is_non_negative=is_non_negative.value is True if is_non_negative else None,
        domains=tuple(value.text() for value in domains.items()) if domains else None,
        config=config,
    )


def _is_enabled(node: Node) -> bool:
    return node.one_of("Enabled", "Disabled") == "Enabled"


def _share(node: Node) -> float:
    share = node.number()
    return share if 0.0 <= share <= 1.0 else node.fail(f"is {share}; allowed: 0 to 1")


_SETTINGS: Mapping[str, Callable[[Node], object]] = {
    "evaluate_constraints": _is_enabled,
    "emit_metrics": _is_enabled,
    "datatype_check_threshold": _share,
    "domain_content_threshold": _share,
}
_COMPARISON_SETTINGS: Mapping[str, Callable[[Node], object]] = {
    "perform_comparison": _is_enabled,
    "comparison_threshold": Node.number,
    "comparison_method": lambda node: node.one_of(*COMPARISON_METHODS),
    "categorical_comparison_threshold": Node.number,
    "categorical_drift_method": lambda node: node.one_of(*CATEGORICAL_METHODS),
    "multiple_testing_correction": lambda node: node.one_of(*CORRECTIONS),
    "minimum_sample": Node.whole_number,
}


def _parse_override(node: Node, base: MonitoringConfig) -> MonitoringConfig:
    comparison = node.get("distribution_constraints")
    correction = comparison.get("multiple_testing_correction") if comparison else None
    if correction:
        correction.fail("counts for all features together: say it in the monitoring_config of the document")
    return _parse_config(node, base)


def _parse_config(node: Node, base: MonitoringConfig) -> MonitoringConfig:
    """The base with what the node says instead; unknown members are left alone, as they may be a reader's own."""
    changes = {key: read(member) for key, read in _SETTINGS.items() if (member := node.get(key))}
    comparison = node.get("distribution_constraints")
    if not comparison:
        return changed(base, changes)
    changes |= {key: read(member) for key, read in _COMPARISON_SETTINGS.items() if (member := comparison.get(key))}
    config = changed(base, changes)
    for key, fault in faults(config):
        Node(None, f"{comparison.path}.{key}").fail(fault)
    return config
