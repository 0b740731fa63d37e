"""How long a run takes is what the demo has written, and not what somebody has typed."""

from __future__ import annotations

import json

from benchmarks.stage_times import PAGE, TIMES, section, with_section


def test_the_page_has_the_table_that_the_demos_times_make() -> None:
    page = PAGE.read_text()
    assert page == with_section(page, section(json.loads(TIMES.read_text()))), "make stage-times writes it anew"
