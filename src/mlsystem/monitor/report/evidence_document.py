"""report.json: the evidence as a document, and back. Its fields are described in docs/monitor-format.md."""

from dataclasses import asdict

from mlsystem.monitor.document import Node
from mlsystem.monitor.report.category_shares import Appearance, CategoryShare, CategoryShares
from mlsystem.monitor.report.evidence import Evidence, FeatureEvidence, Run
from mlsystem.monitor.report.number_shares import Bin, NumberShares, Spread
from mlsystem.monitor.statistics_document import Document
from mlsystem.monitor.unusual_rows import Cell, UnusualRow

VERSION = 0.0


def evidence_document(evidence: Evidence) -> Document:
    """The document of the evidence, ready to be written."""
    document: Document = {
        "version": VERSION,
        **_without_none(asdict(evidence.run)),
        "rows_in_baseline": evidence.rows_before,
        "rows_now": evidence.rows_now,
        "features": [_feature(feature) for feature in evidence.features],
        "not_compared": list(evidence.not_compared),
    }
    if evidence.worst_rows is not None:
        document["rows_searched"] = evidence.rows_searched
        document["worst_rows"] = [_row(row) for row in evidence.worst_rows]
    return document


def _feature(feature: FeatureEvidence) -> Document:
    found: Document = {
        "feature_name": feature.feature,
        "missing_in_baseline": feature.missing_before,
        "missing_now": feature.missing_now,
        "numbers": _numbers(feature.numbers) if feature.numbers else None,
        "categories": _categories(feature.categories) if feature.categories else None,
    }
    return _without_none(found)


def _numbers(numbers: NumberShares) -> Document:
    bins = [
        {"lower_bound": one.lower, "upper_bound": one.upper, "share_in_baseline": one.before, "share_now": one.now}
        for one in numbers.bins
    ]
    spreads = {"spread_in_baseline": numbers.before, "spread_now": numbers.now}
    return {"bins": bins} | {key: asdict(spread) for key, spread in spreads.items() if spread}


def _categories(categories: CategoryShares) -> Document:
    return {
        "shares": [_share(share) for share in categories.shares],
        "other": _share(categories.other),
        "new": _appearance(categories.new),
        "gone": _appearance(categories.gone),
    }


def _share(share: CategoryShare) -> Document:
    return {"value": share.value, "share_in_baseline": share.before, "share_now": share.now}


def _appearance(appearance: Appearance) -> Document:
    return {"count": appearance.count, "share": appearance.share, "values": list(appearance.values)}


def _row(row: UnusualRow) -> Document:
    cells = [
        _without_none({"feature_name": cell.feature, "value": cell.text, "share": cell.share}) for cell in row.cells
    ]
    return {"row": row.row, "score": row.score, "cells": cells}


def _without_none(members: Document) -> Document:
    return {key: value for key, value in members.items() if value is not None}


def parse_evidence(document: object) -> Evidence:
    """The evidence that a report.json holds. Raises DocumentError."""
    root = Node(document)
    rows = root.get("worst_rows")
    return Evidence(
        run=Run(root["created"].text(), root["source"].text(), *(_text(root, key) for key in _OF_THE_RUN)),
        rows_before=root["rows_in_baseline"].whole_number(),
        rows_now=root["rows_now"].whole_number(),
        features=tuple(_parse_feature(node) for node in root["features"].items()),
        not_compared=tuple(node.text() for node in root["not_compared"].items()),
        worst_rows=tuple(_parse_row(node) for node in rows.items()) if rows else None,
        rows_searched=root["rows_searched"].whole_number() if rows else 0,
    )


_OF_THE_RUN = ("window", "endpoint", "schedule")


def _text(node: Node, key: str) -> str | None:
    member = node.get(key)
    return member.text() if member else None


def _number(node: Node, key: str) -> float | None:
    member = node.get(key)
    return member.number() if member else None


def _parse_feature(node: Node) -> FeatureEvidence:
    numbers, categories = node.get("numbers"), node.get("categories")
    return FeatureEvidence(
        node["feature_name"].text(),
        _number(node, "missing_in_baseline"),
        _number(node, "missing_now"),
        _parse_numbers(numbers) if numbers else None,
        _parse_categories(categories) if categories else None,
    )


def _parse_numbers(node: Node) -> NumberShares:
    keys = ("lower_bound", "upper_bound", "share_in_baseline", "share_now")
    bins = tuple(Bin(*(one[key].number() for key in keys)) for one in node["bins"].items())
    before, now = (node.get(key) for key in ("spread_in_baseline", "spread_now"))
    return NumberShares(bins, _parse_spread(before) if before else None, _parse_spread(now) if now else None)


def _parse_spread(node: Node) -> Spread:
    return Spread(*(node[key].number() for key in ("least", "low", "middle", "high", "greatest")))


def _parse_categories(node: Node) -> CategoryShares:
    shares = tuple(_parse_share(share) for share in node["shares"].items())
    return CategoryShares(
        shares, _parse_share(node["other"]), _parse_appearance(node["new"]), _parse_appearance(node["gone"])
    )


def _parse_share(node: Node) -> CategoryShare:
    return CategoryShare(node["value"].text(), node["share_in_baseline"].number(), node["share_now"].number())


def _parse_appearance(node: Node) -> Appearance:
    values = tuple(value.text() for value in node["values"].items())
    return Appearance(node["count"].whole_number(), node["share"].number(), values)


def _parse_row(node: Node) -> UnusualRow:
    cells = tuple(
        Cell(cell["feature_name"].text(), _text(cell, "value"), _number(cell, "share"))
        for cell in node["cells"].items()
    )
    return UnusualRow(node["row"].whole_number(), node["score"].number(), cells)
