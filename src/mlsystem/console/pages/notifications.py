"""Notifications: who is told of what happens, how deliveries fared, and a message to try it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mlsystem.client.errors import ClientFailure
from mlsystem.client.figures import Line
from mlsystem.client.notifications import LONGEST_SUBJECT, METRICS, Notifications
from mlsystem.console.charts import Chart, Series, lines
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.ranges import USUAL, Range, range_of
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

PUBLISHED, DELIVERED, FAILED = METRICS
LONGEST_MESSAGE = 2000


def load(visit: Visit) -> Mapping[str, Any]:
    notifications = Notifications(visit.connection, visit.project)
    span = range_of(visit.query, visit.now, USUAL, "1d")
    until = visit.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    deliveries = notifications.deliveries(until - span.length, until)
    return {
        "topic": notifications.topic(visit.query.get("more", "")),
        "sums": {name: int(sum(line.values)) for name, line in deliveries.items() if line.values},
        "delivery_chart": _chart(deliveries, span, visit),
        "published": PUBLISHED,
        "delivered": DELIVERED,
        "failed": FAILED,
        "range": span,
        "longest_subject": LONGEST_SUBJECT,
        "longest_message": LONGEST_MESSAGE,
    }


def send(visit: Visit) -> Done:
    """SNS takes a subject of printable ASCII; the message says who sent it."""
    subject, message = visit.form.get("subject", "").strip(), visit.form.get("message", "").strip()
    if not subject or not message:
        raise ClientFailure("a message needs a subject and words")
    if len(message) > LONGEST_MESSAGE or not subject.isascii() or not subject.isprintable():
        raise ClientFailure(f"a subject is plain ASCII, and a test has at most {LONGEST_MESSAGE:,} characters")
    signed = f"{message}\n\nA test, sent by {visit.person.name} from the console of {visit.project.pipeline}."
    sent = Notifications(visit.connection, visit.project).send(subject, signed)
    return Done("/notifications", f"Sent to everybody who is subscribed, as message {sent}.")


def _chart(deliveries: Mapping[str, Line], span: Range, visit: Visit) -> Chart | None:
    """None where CloudWatch has no figures of the topic."""
    words = {PUBLISHED: ("published", ""), DELIVERED: ("delivered", "good"), FAILED: ("failed", "bad")}
    series = [
        Series(words[name][0], line.at, line.values, words[name][1]) for name, line in deliveries.items() if line.values
    ]
    if not series:
        return None
    return lines("Messages of the topic over time", series, since=visit.now - span.length, until=visit.now)


ROUTES = (
    Page("/notifications", "notifications.html", load, live_seconds=5),
    Action("/notifications/test", send, Role.ADMIN),
)
