"""docs/resources.md is what the templates and the engine say, and only what means nothing on one machine is recorded."""

from __future__ import annotations

from pathlib import Path

from tests.aws import resources_page

PAGE = Path(__file__).parents[2] / "docs" / "resources.md"
# The closed list of what a local run may merely record: networks.
NETWORKS = ("AWS::EC2::", "AWS::EFS::MountTarget")


def kinds() -> set[str]:
    return {kind for resources in resources_page.templates().values() for kind in resources.values()}


def test_the_page_is_what_the_templates_say() -> None:
    assert PAGE.read_text() == resources_page.page(), "docs/resources.md is old; make it anew: make resources-docs"


def test_only_networks_are_recorded_and_nothing_of_the_project_is_refused() -> None:
    states = {kind: resources_page.local_run(kind)[0] for kind in kinds()}
    recorded = {kind for kind, state in states.items() if state == "Recorded"}
    assert recorded
    assert [kind for kind in recorded if not kind.startswith(NETWORKS)] == []
    own = {
        kind for name, found in resources_page.templates().items() if name != "studio.yml" for kind in found.values()
    }
    assert {kind for kind in own if states[kind] == "Refused"} == set()


def test_no_type_is_described_that_no_template_has() -> None:
    assert set(resources_page.REAL) - kinds() == set()
