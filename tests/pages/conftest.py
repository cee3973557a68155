"""A browser on our pages, as a person uses it: signed in with a password, sending forms."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import PASSWORD


class Page(HTMLParser):
    """What a test asks of a page: its title, its fields, what could run or style it."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.text = answer.content.decode()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.text, re.DOTALL)
        return found.group(1).strip() if found else ""


class Browser(Client):
    def sign_in(self, user: User, password: str = PASSWORD, **more: str) -> Any:
        sent = {"login": user.username, "password": password, **more}
        return self.post("/account/login/", sent)

    def page(self, path: str, status: int = 200) -> Page:
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.get("Location"))
        return Page(answer)


@pytest.fixture
def browser(db: None) -> Browser:
    """A browser that nobody has signed in with yet."""
    return Browser()


@pytest.fixture
def mine(browser: Browser, analyst: User) -> Browser:
    """The analyst's browser, signed in with the password."""
    assert browser.sign_in(analyst).status_code == 302
    return browser
