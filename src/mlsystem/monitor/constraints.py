"""The constraints that a dataset must satisfy: what they are, and how a baseline suggests them."""

from dataclasses import dataclass, field

from mlsystem.monitor.profile import Categories, DatasetProfile, FeatureProfile
from mlsystem.monitor.types import InferredType

# When the values of a String feature are taken for a closed set: at most so many, of which at most a tenth was seen
# once only. Both are Deequ's (its histogram limit, and its rule for categorical ranges).
DOMAIN_SIZE = 120
DOMAIN_SHARE_SEEN_ONCE = 0.1


@dataclass(frozen=True)
class MonitoringConfig:
    """How the constraints are evaluated, for the whole dataset or (overridden) for one feature."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float | None = None  # None: as comparison_threshold
    categorical_drift_method: str | None = None  # None: LInfinity, and the file does not mention it
    multiple_testing_correction: str | None = None  # None: none, and the file does not mention it
    minimum_sample: int | None = None  # None: the method's own, and the file does not mention it


@dataclass(frozen=True)
class FeatureConstraints:
    """What one feature must satisfy, and how that is evaluated."""

    name: str
    inferred_type: InferredType
    completeness: float | None = None
    is_non_negative: bool | None = None  # written for readers; Model Monitor has no check type for it
    domains: tuple[str, ...] | None = None
    config: MonitoringConfig = field(default_factory=MonitoringConfig)


@dataclass(frozen=True)
class Constraints:
    """The constraints of a dataset, one entry a feature, in the order of its columns."""

    features: tuple[FeatureConstraints, ...]
    config: MonitoringConfig


def suggest_constraints(profile: DatasetProfile, config: MonitoringConfig | None = None) -> Constraints:
    """The constraints that the profiled dataset itself just satisfies."""
    config = config or MonitoringConfig()
    return Constraints(tuple(_suggest(feature, config) for feature in profile.features), config)


def _suggest(feature: FeatureProfile, config: MonitoringConfig) -> FeatureConstraints:
    numbers = feature.numerical if feature.inferred_type.is_numeric else None
    return FeatureConstraints(
        name=feature.name,
        inferred_type=feature.inferred_type,
        completeness=feature.completeness,
        is_non_negative=numbers.moments.minimum >= 0.0 if numbers else None,
        domains=_domains(feature.categories) if feature.inferred_type is InferredType.STRING else None,
        config=config,
    )


def _domains(categories: Categories | None) -> tuple[str, ...] | None:
    if categories is None or not 0 < categories.distinct <= DOMAIN_SIZE:
        return None
    seen_once = sum(count == 1 for _, count in categories.counts)
    if seen_once / categories.distinct > DOMAIN_SHARE_SEEN_ONCE:
        return None
    return tuple(value for value, _ in categories.counts)
