"""How the pages look: contrast in both themes, and no sideways scroll on a phone."""

import html
import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.pages.conftest import Browser

STYLES = (Path(settings.BASE_DIR) / "datastream" / "static" / "pages.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{([^}]*)\}", STYLES)
)
# Widths of a phone, and of half a screen.
WIDTHS = (360, 640)
PATHS = (
    "/", "/account/", "/account/login/", "/account/keys/", "/account/applications/",
    "/account/sessions/", "/account/activity/", "/account/2fa/totp/activate/", "/account/email/",
    "/account/password/change/", "/nothing",
)  # fmt: skip


def luminance(colour: str) -> float:
    """Of WCAG 2.2, "relative luminance"."""
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    shares = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out(theme: dict[str, str]) -> None:
    for name, ground in itertools.product(
        ("text", "muted", "link", "bad", "good"), ("ground", "raised")
    ):
        assert contrast(theme[name], theme[ground]) >= 4.5, (name, ground)
    assert contrast(theme["on-link"], theme["link"]) >= 4.5
    assert contrast(theme["line"], theme["ground"]) >= 3


@pytest.mark.slow
def test_nothing_sticks_out_on_a_phone(mine: Browser, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    frames = "".join(
        f'<iframe width="{width}" title="{path} {width}" srcdoc="{html.escape(alone(mine, path))}">'
        "</iframe>"
        for path, width in itertools.product(PATHS, WIDTHS)
    )
    script = (
        "onload = () => { document.title = [...document.querySelectorAll('iframe')]"
        ".map(f => f.title + ' ' + f.contentDocument.documentElement.scrollWidth).join(';') }"
    )
    page = tmp_path / "page.html"
    page.write_text(f"<title></title>{frames}<script>{script}</script>")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--disable-background-networking",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = re.search(r"<title>([^<]+)</title>", done.stdout)
    assert found, done.stdout[:500]
    measured = [line.split(" ") for line in found.group(1).split(";")]
    assert len(measured) == len(PATHS) * len(WIDTHS)
    assert [line for line in measured if line[1] != line[2]] == []


def alone(browser: Browser, path: str) -> str:
    """A page with its styles in it, as a browser without our server can show it."""
    text = browser.get(path).content.decode()
    return re.sub(r'<link rel="stylesheet"[^>]*>', f"<style>{STYLES}</style>", text)
