"""Who comes by the signed link of a mail: let in to the one question that it names, and to nothing else, without signing in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mlsystem.client.approval import link_bearer
from mlsystem.client.approval_link import SIGNATURE, ApprovalLink, LinkForged, LinkOver, read_key
from mlsystem.console.page import Action, Page, Route
from mlsystem.console.security.people import Person, Role
from mlsystem.console.security.refused import Refused
from mlsystem.console.visit import Visit

BEARER = Person("whoever has the link", Role.VIEWER)


def brings_mailed_link(route: Route, given: Mapping[str, str]) -> bool:
    """Whether somebody asks to be let in by one. `given`: the parameters of the URL or of the form."""
    return isinstance(route, Page | Action) and route.by_link and bool(given.get(SIGNATURE))


def admit_by_link(visit: Visit, role: Role) -> Visit:
    """The visit of somebody who has that role here, by the link alone. Raises Refused."""
    link = ApprovalLink.read(visit.path["project"], visit.form or visit.query)
    own = tuple(one for one in visit.projects if one.pipeline == link.pipeline)
    try:
        link.check(read_key(visit.connection, link.pipeline) if own else "", visit.now)
    except LinkForged as error:
        raise Refused(403, str(error)) from error
    except LinkOver as error:
        raise Refused(410, str(error)) from error
    # pipeline.yml calls the topic as it calls the pipeline.
    return replace(visit, person=Person(link_bearer(link.pipeline), role), projects=own, link=link)
