"""Bookmarks of the old system lead to what shows the same now."""

import pytest

import pages
from app.view import View
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database


@pytest.fixture(scope="module", autouse=True)
def somewhere():
    with cloned(EMPTY):
        yield


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/home", "/"),
        ("/home?severity=1", "/?severity=1"),
        ("/table/", "/cases"),
        ("/table", "/cases"),
        ("/table/all", "/cases?state=all"),
        ("/table/all?state=closed&account=A+B", "/cases?state=closed&account=A+B"),
        ("/table/telco5g", "/cases"),
        ("/table/telco5g/all/", "/cases?state=all"),
        ("/updates/all", "/updates"),
        ("/updates/severity", "/updates"),
        ("/updates/telco5g/all/severity", "/updates"),
        ("/trends/telco5g", "/trending"),
        ("/weekly_updates/", "/weekly"),
        ("/weekly_updates/cnv", "/weekly"),
        ("/stats?tz=Asia/Tokyo", "/trends?tz=Asia%2FTokyo"),
        ("/stats?nonsense=1", "/trends"),
        ("/account/Acme%20%26%20Co", "/accounts/Acme%20%26%20Co"),
        ("/account/A%2FB", "/accounts/A%2FB"),
        ("/engineer/J%C3%BCrgen?state=all", "/engineers/J%C3%BCrgen?state=all"),
    ],
)
def test_an_old_address_leads_to_its_successor(client, old, new):
    answer = client.get(old)
    assert answer.status_code == 301
    assert answer.headers["Location"] == new
    if "?" in new:
        View.from_query(new.split("?")[1])


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil"])
def test_no_name_leads_out_of_here(client, target):
    answer = client.get(f"/account/{target}")
    assert answer.headers.get("Location", "/accounts/").startswith("/accounts/")


def test_no_old_address_hides_a_page(client):
    for page in pages.PAGES:
        if "<" not in page.path:
            assert client.get(page.path).status_code == 200, page.path
