"""A person sees the runs with how good they are, and what differs between those that they choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browsing import SIZES, Person
from tests.small_project import NAME
from tests.system import System

Someone = Callable[..., Person]
SECOND = f"{NAME}-0badcafe-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def second_run(system: System) -> Iterator[str]:
    """Another run, with another parameter: as a person may log one of a notebook."""
    sagemaker = system.engine.client("sagemaker")
    tags = [{"Key": "GitCommitHash", "Value": "0ddc0ffee"}]
    sagemaker.create_trial(ExperimentName=NAME, TrialName=SECOND, Tags=tags)
    at = datetime.now(UTC)
    sagemaker.create_trial_component(
        TrialComponentName="by-hand",
        DisplayName="Training-Job",
        Status={"PrimaryStatus": "Completed"},
        StartTime=at,
        EndTime=at,
        Parameters={"learning_rate": {"NumberValue": 0.5}},
    )
    sagemaker.associate_trial_component(TrialName=SECOND, TrialComponentName="by-hand")
    yield SECOND
    sagemaker.disassociate_trial_component(TrialName=SECOND, TrialComponentName="by-hand")
    sagemaker.delete_trial_component(TrialComponentName="by-hand")
    sagemaker.delete_trial(TrialName=SECOND)


@pytest.mark.parametrize("size", SIZES)
def test_chosen_runs_stand_side_by_side_with_what_differs_marked(person: Someone, second_run: str, size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/experiments")
    expect(page.get_by_role("heading", name="2 runs of the training workflow")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(2)
    one.check()
    page.get_by_role("button", name="Compare the chosen ones").click()
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="learning_rate").first
    expect(row).to_contain_text("0.5")
    expect(row).to_contain_text("differs")
    expect(page.get_by_role("row").filter(has_text="Commit")).to_contain_text("differs")
    expect(page.get_by_role("link", name="Training Job").first).to_be_visible()
    one.charts_drawn()
    one.check()


def test_one_run_alone_is_not_compared(person: Someone, second_run: str) -> None:
    one = person()
    answer = one.page.goto(f"{one.base}/{NAME}/experiments/compare?run={second_run}")
    assert answer is not None
    assert answer.status == 409
    assert "choose 2 to 4 runs" in one.text()
