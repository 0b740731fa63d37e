"""A person sees what answers, tries it, and reads back what was captured of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browsing import SIZES, Person
from tests.live import eventually
from tests.small_project import NAME
from tests.system import System

Someone = Callable[..., Person]
SIZE = pytest.mark.parametrize("size", SIZES)


def production(system: System) -> str:
    return next(
        str(one["EndpointName"])
        for one in system.engine.client("sagemaker").list_endpoints()["Endpoints"]
        if one["EndpointName"].endswith("-prd")
    )


def send(page: Page, body: str) -> None:
    page.get_by_role("textbox", name="Request").fill(body)
    page.get_by_role("button", name="Send").click()


@SIZE
def test_what_answers_is_told_with_the_api_in_front_of_it(person: Someone, system: System, size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/endpoints")
    table = page.get_by_role("region", name="Table of this project's endpoints")
    expect(table.get_by_role("row").filter(has_text=production(system))).to_contain_text("Production, 100 %")
    expect(table.get_by_role("row").filter(has_text=f"{NAME}-dev")).to_contain_text("InService")
    assert "Everybody who can reach it" in one.text()
    assert "1,000 requests a second" in one.text()
    expect(page.get_by_role("region", name="curl")).to_contain_text("--data-binary")
    expect(page.locator(".examples")).to_contain_text("Examples")
    one.check()


def test_a_person_tries_the_api_with_an_example_and_is_told_which_version_answered(
    person: Someone, system: System
) -> None:
    one = person()
    page = one.visit(f"/{NAME}/endpoints")
    page.locator("[data-example]").first.click()
    assert page.get_by_role("textbox", name="Request").input_value() != ""
    page.get_by_role("button", name="Send").click()
    reply = page.locator(".reply")
    expect(reply.locator(".badge")).to_have_text("200")
    expect(reply).to_contain_text(production(system))
    expect(reply).to_contain_text("Inference id")
    one.check()


@SIZE
def test_an_error_of_the_model_is_shown_in_its_own_words(person: Someone, system: System, size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/endpoints/{production(system)}")
    send(page, "not,a,row,of,this,model\n")
    reply = page.locator(".reply")
    expect(reply.locator(".badge")).to_have_text("400")
    expect(reply).to_contain_text("The model refused the request")
    expect(reply.get_by_role("link", name="Log of the endpoint")).to_be_visible()
    one.charts_drawn()
    one.check()


def test_a_file_is_sent_as_it_is(person: Someone, system: System) -> None:
    one = person()
    page = one.visit(f"/{NAME}/endpoints/{NAME}-dev")
    rows = FilePayload(name="rows.csv", mimeType="text/csv", buffer=b"0.2,3\n0.9,4\n")
    page.get_by_label("File instead").set_input_files(rows)
    page.get_by_label("Content type").select_option("file")
    page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("region", name="Answer")
    expect(page.locator(".reply .badge")).to_have_text("200")
    assert len(list(csv.reader(io.StringIO(answer.inner_text().strip())))) == 2


def test_nothing_to_send_and_too_much_are_told_and_not_sent(person: Someone, system: System) -> None:
    one = person()
    page = one.visit(f"/{NAME}/endpoints/{NAME}-dev")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#reply")).to_contain_text("there is nothing to send")
    big = FilePayload(name="big.csv", mimeType="text/csv", buffer=b"1,2\n" * (1600 * 1024))
    page.get_by_label("File instead").set_input_files(big)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#reply")).to_contain_text("this is too much to send at once")


def test_an_endpoint_tells_how_it_scales_and_of_what_it_is_made(person: Someone, system: System) -> None:
    one = person()
    one.visit(f"/{NAME}/endpoints/{production(system)}?range=3h")
    text = one.text()
    assert "From 2 to 10" in text
    assert "holds SageMakerVariantInvocationsPerInstance at 750" in text
    assert "@sha256:" in text
    assert "model.tar.gz" in text


def test_an_endpoint_that_is_not_there_is_told_of_and_no_fault(person: Someone, system: System) -> None:
    one = person()
    answer = one.page.goto(f"{one.base}/{NAME}/endpoints/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert "there is no endpoint nowhere" in one.text()


@SIZE
def test_what_was_asked_is_found_among_the_captured_records(person: Someone, system: System, size: str) -> None:
    one, endpoint, mark = person(SIZES[size]), production(system), f"browser-{size}"
    runtime = system.engine.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName=endpoint, Body=b"0.25,3\n", ContentType="text/csv", InferenceId=mark)
    path = f"/{NAME}/endpoints/{endpoint}/captures?id={mark}"

    def is_there() -> bool:
        return one.visit(path).locator("table.records").count() == 1

    eventually(is_there)
    row = one.page.get_by_role("row").filter(has_text=mark)
    expect(row).to_contain_text("0.25,3")
    one.check()
    row.get_by_role("link").click()
    expect(one.page.get_by_role("heading", name="Captured record")).to_be_visible()
    expect(one.page.get_by_role("region", name="input")).to_have_text("0.25,3\n", use_inner_text=False)
    one.check()
    with one.page.expect_download() as download:
        one.page.get_by_role("link", name="Download").first.click()
    assert download.value.path().read_bytes() == b"0.25,3\n"


def test_an_endpoint_whose_requests_are_not_captured_says_so(person: Someone, system: System) -> None:
    one = person()
    one.visit(f"/{NAME}/endpoints/{NAME}-dev/captures")
    assert "are not captured" in one.text()
    one.check()


def test_nothing_but_captured_records_can_be_read_by_a_records_url(person: Someone, system: System) -> None:
    one: Any = person()
    for key in ("../../../runs/secret", "2026/01/01/00/../../../../../secret.jsonl"):
        answer = one.page.goto(
            f"{one.base}/{NAME}/endpoints/{production(system)}/captures/body?key={key}&line=0&side=input"
        )
        assert answer.status == 404
