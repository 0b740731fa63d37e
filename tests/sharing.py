"""Which tests a test process is given together: those that share a system, so that it is started once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

from tests.order import group


class GroupScheduling(LoadFileScheduling):
    """By groups of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group(str(super()._split_scope(nodeid)).removeprefix("tests/"))
