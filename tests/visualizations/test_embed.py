"""A picture in a frame of another site: whole, in two sizes; it runs and fetches nothing."""

import base64
import re
from urllib.parse import urljoin

import pytest

from accounts.models import User
from datasets.models import Dataset
from tests.conftest import ClientOf
from tests.factories import days, make_dataset, write
from tests.pages.conftest import Page
from visualizations import services
from visualizations.charts.theme import GROUND

pytestmark = pytest.mark.slow

API = "/api/v1"
HOSTILE = '"><img src=x onerror=alert(1)></title><script>alert(1)</script>'


@pytest.fixture
def path(analyst: User) -> str:
    dataset = make_dataset(analyst, visibility="public", license="CC0")
    write(dataset, days(40, station="A"))
    data = {"title": HOSTILE, "kind": "line", "dataset": dataset.pk, "visibility": "public",
            "options": {"variables": ["TMAX"]}, "alt": HOSTILE}  # fmt: skip
    return f"{API}/visualizations/{services.create_visualization(analyst, data).pk}/embed"


def svg(source: str | None) -> str:
    assert source is not None
    head, body = source.split(",", 1)
    assert head == "data:image/svg+xml;base64"
    return base64.b64decode(body).decode()


def test_the_page_holds_all_that_it_shows(path: str, client_of: ClientOf) -> None:
    answer = client_of(None).get(path, HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer)
    (wide,), (narrow,), (link,) = page.all("img"), page.all("source"), page.all("a")
    assert re.search(r'<svg[^>]* width="1200"', svg(wide["src"]))
    assert re.search(r'<svg[^>]* width="480"', svg(narrow["srcset"]))
    assert "CC0" in svg(wide["src"])
    values = urljoin(path, str(link["href"]))
    assert client_of(None).get(values).content.startswith(b'"')
    # IN-55
    assert wide["alt"] == HOSTILE
    assert not page.all("script")
    assert "<script" not in svg(wide["src"]) + svg(narrow["srcset"])


def test_only_embeds_may_be_framed_and_they_run_and_fetch_nothing(
    path: str, client_of: ClientOf
) -> None:
    client = client_of(None)
    answer = client.get(path)
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";")
    )
    assert "X-Frame-Options" not in answer
    assert (policy["frame-ancestors"], policy["default-src"]) == ("*", "'none'")
    assert policy["img-src"] == "data:"
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert not {"script-src", "connect-src"} & set(policy)

    for other in ("", "/spec", "/data", "/image?format=svg"):
        assert client.get(path.removesuffix("/embed") + other)["X-Frame-Options"] == "DENY"


def test_it_is_asked_for_again_only_when_it_changed(path: str, client_of: ClientOf) -> None:
    client = client_of(None)
    tag = client.get(path)["ETag"]
    assert client.get(path, HTTP_IF_NONE_MATCH=tag).status_code == 304
    row = {"timestamp": "2001-01-01", "station": "A", "value": {"TMAX": 99}}
    write(Dataset.objects.get(), [row])
    assert client.get(path, HTTP_IF_NONE_MATCH=tag).status_code == 200


def test_it_may_be_dark(path: str, client_of: ClientOf) -> None:
    light, dark = (client_of(None).get(path, {"theme": one}) for one in ("light", "dark"))
    assert GROUND not in light.content.decode()
    assert f"background: {GROUND}" in dark.content.decode()
    assert client_of(None).get(path, {"theme": "red;}"}).status_code == 400
