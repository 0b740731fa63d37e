"""Monitor: has what production is asked drifted from what its model was trained on, in which features, and since when."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from mlsystem.client.drift.executions import Executions
from mlsystem.client.drift.findings import PAGE, FeatureVerdict, Findings
from mlsystem.client.drift.trends import Overview, Trend, Trends
from mlsystem.client.drift.watch import Watch, watch
from mlsystem.client.errors import ClientFailure
from mlsystem.client.monitoring import Monitoring
from mlsystem.client.stored_file import read_file
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.drift_view import bar_width, distribution_chart, history_chart, spark, verdict_of
from mlsystem.console.log_links import job_log_url
from mlsystem.console.page import Action, Done, Page, Raw
from mlsystem.console.ranges import range_of, with_query
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

RANGES, USUAL_RANGE = ("3h", "1d", "1w", "2w"), "1w"
FEATURES_A_PAGE = 40
TREND = timedelta(days=7)
LOOKS = {"15": "15 min", "60": "1 h", "180": "3 h", "1440": "1 d"}
SECONDS_BETWEEN_LOOKS = 3.0

# A report draws itself, and does nothing else: no script, no request, no part in the console's origin.
REPORT_HEADERS = {
    "content-security-policy": "; ".join(
        (
            "sandbox",
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    # Browsers refuse a sandboxed page that also asks for a browsing context of its own.
    "cross-origin-opener-policy": "unsafe-none",
}


def load(visit: Visit) -> Mapping[str, Any]:
    found = watch(visit.connection, visit.project, DOCUMENTS, visit.query.get("execution", ""))
    values = {"tab": "drift", "watch": found, "looks": LOOKS, "findings": found.findings if found else None}
    if found is None or found.findings is None:
        nothing = {"verdict": None, "rows": (), "pager": None, "chosen": None, "missing": None}
        return {**values, **nothing, **_links(visit, found)}
    until = visit.now
    endpoint = found.chosen.endpoint if found.chosen and found.chosen.endpoint else found.endpoint
    known = Trends(visit.connection, endpoint, until - TREND, until).overview(visit.project.pipeline)
    missing = known.missing
    return {
        **values,
        "verdict": verdict_of(found.findings),
        "missing": missing.values[-1] if missing.values else None,
        "chosen": _chosen(visit, found.findings, endpoint, known),
        **_features(visit, found.findings, known),
        **_links(visit, found),
    }


def _links(visit: Visit, found: Watch | None) -> Mapping[str, Any]:
    job = found.chosen.job if found and found.chosen else ""
    failed = found.failed.job if found and found.failed else ""
    return {"log_url": job and job_log_url(visit, job), "failed_log_url": failed and job_log_url(visit, failed)}


def _features(visit: Visit, findings: Findings, known: Overview) -> Mapping[str, Any]:
    """One page of the ranking; each row with how it went on."""
    number = int(visit.query["page"]) if re.fullmatch(r"[1-9][0-9]{0,5}", visit.query.get("page", "")) else 1
    first = (number - 1) * FEATURES_A_PAGE
    shown = findings.features[first : first + FEATURES_A_PAGE]
    rows = [
        (
            one,
            with_query(visit.query, feature=one.name),
            bar_width(one),
            spark(known.features.get(one.name, Trend()), one.threshold),
        )
        for one in shown
    ]
    more = first + FEATURES_A_PAGE < len(findings.features)
    return {
        "rows": rows,
        "pager": {
            "before": with_query(visit.query, page=str(number - 1)) if number > 1 else "",
            "after": with_query(visit.query, page=str(number + 1)) if more else "",
        },
    }


def _chosen(visit: Visit, findings: Findings, endpoint: str, known: Overview) -> Mapping[str, Any] | None:
    """The feature that the query names, else the one that is farthest off."""
    name = visit.query.get("feature", "")
    named = (one for one in findings.features if one.name == name)
    feature: FeatureVerdict | None = next(named, findings.features[0] if findings.features else None)
    if feature is None:
        return None
    looked = range_of(visit.query, visit.now, RANGES, USUAL_RANGE)
    trend = known.features.get(feature.name)
    if trend is None or looked.length != TREND:
        trend = Trends(visit.connection, endpoint, looked.since, looked.until).of_feature(feature.name)
    distribution = findings.distribution(feature.name)
    # Ends at a full minute: a chart that says the same is not sent again.
    since, until = (at.replace(second=0, microsecond=0) for at in (looked.since, looked.until))
    return {
        "feature": feature,
        "distribution": distribution,
        "shares": distribution_chart(distribution) if distribution and distribution.shares else None,
        "history": history_chart(feature, trend, since, until + timedelta(minutes=1)) if trend.values else None,
        "range": looked,
    }


def report(visit: Visit) -> Response:
    folder = Executions(visit.connection).outcome(visit.path["job"]).folder
    return Response(read_file(visit.connection, f"{folder}/{PAGE}"), media_type="text/html; charset=utf-8")


def look(visit: Visit) -> Done:
    minutes = visit.form.get("minutes", "60")
    if minutes not in LOOKS:
        raise ClientFailure(f"a look is at one of these times: {', '.join(LOOKS.values())}")
    monitoring = Monitoring(visit.connection, visit.project)
    name = monitoring.begin(int(minutes))
    # An execution takes longer than a browser waits; what is left if the console ends meanwhile, the next look takes away.
    threading.Thread(
        target=monitoring.finish, args=(name, lambda: time.sleep(SECONDS_BETWEEN_LOOKS)), daemon=True
    ).start()
    return Done("/monitor", f"Looking at the requests of the last {LOOKS[minutes]}. The result appears here by itself.")


ROUTES = (
    Page("/monitor", "monitor.html", load, live_seconds=4),
    Raw("/monitor/executions/{job}/report", report, headers=REPORT_HEADERS),
    Action("/monitor/look", look, Role.ADMIN),
)
