"""A feature of categories, then and now: the shares of the most frequent ones, and which are new or gone.

A profile lists at most a thousand categories. One that is not listed may have been there all the same, so it is called
new or gone only where the other side's list is complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlsystem.monitor.profile import FeatureProfile

SHOWN = 8
_LONGEST = 200


@dataclass(frozen=True)
class CategoryShare:
    """How large a share of the values it is, then and now."""

    value: str
    before: float
    now: float

    @property
    def gain(self) -> float:
        """How much larger it has become."""
        return self.now - self.before


@dataclass(frozen=True)
class Appearance:
    """Categories that only one side has: how many, their share there, and the most frequent of them."""

    count: int = 0
    share: float = 0.0
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class CategoryShares:
    """A feature of categories; `shares` has those that are most frequent on either side, `other` all the rest."""

    shares: tuple[CategoryShare, ...]
    other: CategoryShare
    new: Appearance = Appearance()
    gone: Appearance = Appearance()


@dataclass(frozen=True)
class _Side:
    shares: Mapping[str, float]
    is_complete: bool


def category_shares(before: FeatureProfile | None, now: FeatureProfile | None) -> CategoryShares:
    """The shares of both sides; one without values has shares of 0."""
    old, new = _side(before), _side(now)
    names = sorted(old.shares.keys() | new.shares.keys())
    names.sort(key=lambda name: -max(old.shares.get(name, 0.0), new.shares.get(name, 0.0)))
    shares = tuple(CategoryShare(_cut(n), old.shares.get(n, 0.0), new.shares.get(n, 0.0)) for n in names[:SHOWN])
    rest = [
        max(0.0, 1.0 - sum(shares_of)) if side.shares else 0.0
        for side, shares_of in ((old, [one.before for one in shares]), (new, [one.now for one in shares]))
    ]
    return CategoryShares(shares, CategoryShare("", *rest), _only_in(new, old), _only_in(old, new))


def _side(feature: FeatureProfile | None) -> _Side:
    if feature is None or feature.categories is None or not feature.num_present:
        return _Side({}, is_complete=False)  # a side without values knows nothing of what is new
    shares = {value: count / feature.num_present for value, count in feature.categories.counts}
    return _Side(shares, feature.categories.distinct <= len(shares))


def _only_in(one: _Side, other: _Side) -> Appearance:
    if not other.is_complete:
        return Appearance()
    only = sorted(((share, value) for value, share in one.shares.items() if value not in other.shares), reverse=True)
    return Appearance(len(only), sum(share for share, _ in only), tuple(_cut(value) for _, value in only[:SHOWN]))


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
