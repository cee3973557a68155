"""The admin's pages on analyses."""

from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from analyses import selectors, services
from analyses.models import Analysis
from datasets.access import full_view
from datasets.models import Dataset
from datastream.core.models import Status
from tests.admin import address, browser, messages_of, statements
from tests.factories import days, write

pytestmark = pytest.mark.slow


@pytest.fixture
def page(admin: User) -> Client:
    return browser(admin)


@pytest.fixture
def failed(dataset: Dataset, analyst: User) -> Analysis:
    write(dataset, days(20))
    return Analysis.objects.create(
        user=analyst, dataset=dataset, type="trend", parameters={"variable": "TMAX"},
        dataset_revision=1, method_version=1, status=Status.FAILED,
    )  # fmt: skip


def make_rows(n: int) -> None:
    for _ in range(n):
        name = uuid4().hex
        owner = User.objects.create(username=name, email=f"{name}@example.org")
        dataset = Dataset.objects.create(owner=owner, name="one")
        Analysis.objects.create(
            user=owner, dataset=dataset, type="trend", dataset_revision=1, method_version=1
        )


def press(page: Client, analysis: Analysis, button: str) -> list[str]:
    path = f"/admin/analyses/analysis/{analysis.pk}/press/{button}/"
    return messages_of(page.post(path, follow=True))


def test_the_list_costs_no_query_for_each_row(page: Client) -> None:
    make_rows(2)
    few = statements(page, address(Analysis, "changelist"))
    make_rows(18)
    assert len(statements(page, address(Analysis, "changelist"))) == len(few)


def test_an_analysis_is_run_again_in_the_admins_name(
    page: Client, failed: Analysis, admin: User
) -> None:
    press(page, failed, "run_again")
    again = Analysis.objects.exclude(pk=failed.pk).get()
    assert (again.user, again.parameters["variable"]) == (admin, "TMAX")


def test_selected_analyses_are_run_again(page: Client, failed: Analysis) -> None:
    sent = {"action": "run_selected_again", "_selected_action": str(failed.pk)}
    page.post(address(Analysis, "changelist"), sent)
    assert Analysis.objects.filter(status=Status.QUEUED).count() == 1


def test_an_analysis_that_can_no_longer_be_asked_for_is_told_of(
    page: Client, failed: Analysis
) -> None:
    Analysis.objects.filter(pk=failed.pk).update(parameters={"variable": "gone"})
    assert "There is no variable 'gone' here." in press(page, failed, "run_again")[0]


def test_an_open_analysis_is_cancelled_and_a_done_one_is_not(
    page: Client, failed: Analysis
) -> None:
    assert press(page, failed, "cancel") == ["It is done already."]
    Analysis.objects.filter(pk=failed.pk).update(status=Status.QUEUED)
    press(page, failed, "cancel")
    failed.refresh_from_db()
    assert failed.status == Status.CANCELLED


def test_a_result_is_shown_with_all_that_made_it(page: Client, failed: Analysis) -> None:
    failed = Analysis.objects.get(pk=failed.pk)
    person = failed.user
    assert person is not None
    view = full_view(failed.dataset)
    first = services.request_analysis(view, "trend", {"variable": "TMAX"}, user=person)
    services.execute(first.pk)
    again = services.rerun(view, first, user=person)
    services.execute(again.pk)
    again.refresh_from_db()
    assert again.result is not None
    shown = page.get(address(again, "change")).content.decode()
    assert all(escape(sentence) in shown for sentence in selectors.words(again))
    assert selectors.words(again)
    assert f'href="/api/v1/analyses/{again.pk}/report"' in shown
    assert again.result.digest in shown
    assert f"numpy {again.result.libraries['numpy']}" in shown
    assert "revision 1: TMAX" in shown
    assert "Identical" in shown


def test_an_analysis_without_a_result_has_a_page_too(page: Client, failed: Analysis) -> None:
    assert page.get(address(failed, "change")).status_code == 200


def test_only_the_buttons_that_make_sense_are_offered(page: Client, failed: Analysis) -> None:
    assert list(page.get(address(failed, "change")).context["buttons"]) == ["run_again"]
    Analysis.objects.filter(pk=failed.pk).update(status=Status.RUNNING)
    assert list(page.get(address(failed, "change")).context["buttons"]) == ["cancel"]
