"""Approval: all that speaks for and against the model that waits, and the decision.

What takes longer to read (data, code, cost) are parts of their own, which come after the page: a part that fails says so in its place, and
holds up nobody. A decision brings the token of the question that was shown, so that a newer one is not decided by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mlsystem.client.approval import Approvals, Candidate, DecidedBefore, Question
from mlsystem.client.approval_link import ApprovalLink
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.invocation import invoke_endpoint
from mlsystem.client.missing import Missing, or_missing
from mlsystem.client.pipeline import Pipeline
from mlsystem.client.releases import Releases
from mlsystem.client.stored_file import read_start
from mlsystem.client.training_run import Evaluation, TrainingRun, evaluations, read_run
from mlsystem.console.evidence_charts import residual_chart, roc_chart
from mlsystem.console.evidence_table import confusion, figures
from mlsystem.console.page import Action, Ask, Done, Page
from mlsystem.console.visit import Visit

HEAD_BYTES = 20_000
LARGEST_ROW = 100_000


def load(visit: Visit) -> Mapping[str, Any]:
    """What the query names, else what waits, else the decisions so far."""
    approvals = Approvals(visit.connection, visit.project)
    execution = visit.query.get("execution", "") or approvals.waiting()
    decided, older = ([], "") if execution else approvals.decided()
    base = {"decided": decided, "older": older, "late": visit.query.get("late", ""), "candidate": None, "serves": ""}
    if not execution:
        return base
    candidate = approvals.candidate(execution)
    if visit.link:
        return _by_link(visit, visit.link.check_question(candidate.question), candidate, base)
    return _whole(visit, approvals, candidate, base)


def _by_link(visit: Visit, question: Question, candidate: Candidate, base: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a question that was decided, how, and no more: then the link is over."""
    if question.token:
        return _whole(visit, Approvals(visit.connection, visit.project), candidate, base)
    status = Pipeline(visit.connection, visit.project).status_of(candidate.execution)
    return {**base, "candidate": candidate, "question": question, "newer": "", "status": status}


def _whole(visit: Visit, approvals: Approvals, candidate: Candidate, base: Mapping[str, Any]) -> Mapping[str, Any]:
    execution = candidate.execution
    newer = "" if candidate.question and candidate.question.token else approvals.waiting()
    status = Pipeline(visit.connection, visit.project).status_of(execution)
    evidence = _evidence(visit.connection, candidate)
    return {
        **base,
        "serves": _serves(visit) if candidate.question and candidate.question.token else "",
        "candidate": candidate,
        "question": candidate.question,
        "newer": newer,
        "status": status,
        **evidence,
    }


def _serves(visit: Visit) -> str:
    """The training job of the model that production serves now; empty where that cannot be told, as in another account."""
    found = or_missing(lambda: Releases(visit.connection, visit.project).serving_job())
    return "" if isinstance(found, Missing) else found


def _evidence(connection: Connection, candidate: Candidate) -> Mapping[str, Any]:
    """What the training has measured; of a run that cannot be read there is the reason alone."""
    run = or_missing(lambda: read_run(connection, candidate.training)) if candidate.training else _no_training()
    if isinstance(run, Missing):
        return {"run": run}
    new, champion = evaluations(connection, run)
    known = champion if isinstance(champion, Evaluation) else None
    waits = candidate.question is not None and candidate.question.token
    return {
        "run": run,
        "new": new,
        "champion": champion,
        "confusions": [(name, confusion(one)) for name, one in (("This model", new), ("Champion", champion))],
        "example": _example(connection, run) if waits else Missing(""),
        **_compared(new, known, run),
    }


def _compared(new: Evaluation | Missing, champion: Evaluation | None, run: TrainingRun) -> Mapping[str, Any]:
    if isinstance(new, Missing):
        return {"figures": (), "roc": None, "residuals": None}
    return {
        "figures": figures(new, champion, run.gate),
        "roc": roc_chart(new, champion),
        "residuals": residual_chart(new, champion),
    }


def _no_training() -> Missing:
    return Missing("this execution did not come as far as a trained model")


def _example(connection: Connection, run: TrainingRun) -> tuple[str, str] | Missing:
    """The names of the columns, and a row of the test set as a caller sends it."""

    def read() -> tuple[str, str]:
        lines = (
            read_start(connection, f"{run.uri}/data/requests/requests.csv", HEAD_BYTES)
            .decode(errors="replace")
            .splitlines()
        )
        return lines[0], lines[1] if len(lines) > 1 else ""

    return or_missing(read)


def decide(visit: Visit) -> Done:
    form = visit.form
    decision = form.get("decision", "")
    if decision not in ("approve", "reject"):
        raise ClientFailure(f"a decision is approve or reject, and not {decision!r}")
    execution = form.get("execution", "")
    approvals = Approvals(visit.connection, visit.project)
    question = approvals.candidate(execution).question
    place = visit.link.fields if visit.link else {"execution": execution}
    try:
        if question is None:
            raise DecidedBefore("nothing was asked")
        shown = Question(**{**vars(question), "token": form.get("token", "")})
        if visit.link:
            _check_asked(visit.link, question, shown)
        approvals.decide(shown, decision == "approve", form.get("reason", ""), visit.person.name, bool(visit.link))
    except DecidedBefore:
        return Done(f"/approval?{urlencode({**place, 'late': decision})}")
    return Done(f"/approval?{urlencode(place)}", "Approved." if decision == "approve" else "Rejected.")


def _check_asked(link: ApprovalLink, question: Question, shown: Question) -> None:
    """That what was shown is what the link names: a token alone would decide about any question. Raises LinkOver, DecidedBefore."""
    link.check_question(question)
    if not question.token or question.token != shown.token:
        raise DecidedBefore("this was decided before; your decision changed nothing")


def try_endpoint(visit: Visit) -> Mapping[str, Any]:
    """Asks the endpoint of the dev stage for the row of the form."""
    row = visit.form.get("row", "").strip()
    candidate = Approvals(visit.connection, visit.project).candidate(visit.form.get("execution", ""))
    if not row or len(row) > LARGEST_ROW:
        return {"answer": Missing("give a row: the values of the columns above, with commas between")}
    if not candidate.dev_endpoint:
        return {"answer": Missing("this execution has not deployed to the dev stage")}
    body = f"{row}\n".encode()
    answer = or_missing(lambda: invoke_endpoint(visit.connection, candidate.dev_endpoint, body, "text/csv", "text/csv"))
    return {"answer": answer}


def decisions(visit: Visit) -> Mapping[str, Any]:
    """A page of what was asked before."""
    decided, older = Approvals(visit.connection, visit.project).decided(visit.query.get("page", ""))
    return {"decided": decided, "older": older}


ROUTES = (
    Page("/approval", "approval.html", load, live_seconds=3, by_link=True),
    Page("/approval/decisions", "approval_decisions.html", decisions, live_seconds=5),
    Action("/approval/decide", decide, by_link=True),
    Ask("/approval/try", "parts/approval_try.html", try_endpoint),
)
