"""Reading the environment: typed, and a malformed value is named."""

import stat
from pathlib import Path
from typing import Any

import pytest

from datastream import env


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the variable X."""
    return lambda value: monkeypatch.setenv("X", value)


def test_what_is_not_set_or_empty_is_the_default(set_to: Any) -> None:
    for value in (None, "", "   "):
        if value is not None:
            set_to(value)
        assert env.text("X", "d") == "d"
        assert env.flag("X", default=True) is True
        assert env.integer("X", 7) == 7
        assert env.words("X", ["a"]) == ["a"]
        assert env.choice("X", "b", ["a", "b"]) == "b"
        assert env.url("X", ["redis"]) == ""


def test_every_name_that_was_asked_for_is_kept() -> None:
    env.text("A_NAME_OF_THIS_TEST")
    assert "A_NAME_OF_THIS_TEST" in env.asked


@pytest.mark.parametrize("value", ["1", "true", "YES", "On"])
def test_yes_has_many_spellings(set_to: Any, value: str) -> None:
    set_to(value)
    assert env.flag("X", default=False) is True


@pytest.mark.parametrize("value", ["0", "False", "no", "OFF"])
def test_no_has_many_spellings(set_to: Any, value: str) -> None:
    set_to(value)
    assert env.flag("X", default=True) is False


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("maybe", lambda: env.flag("X", default=False)),
        ("2.5", lambda: env.integer("X", 1)),
        ("-1", lambda: env.integer("X", 1)),
        ("²", lambda: env.integer("X", 1)),
        ("1_0", lambda: env.integer("X", 1)),
        ("0", lambda: env.integer("X", 1, least=1)),
        ("c", lambda: env.choice("X", "a", ["a", "b"])),
        ("http://h/0", lambda: env.url("X", ["redis"])),
        ("just-a-host", lambda: env.url("X", ["redis"])),
        ("redis://[broken", lambda: env.url("X", ["redis"])),
        *[(word, lambda: env.rate("X", "1/s")) for word in ("9", "0/s", "-1/s", "9/day", "9/0s")],
        *[(word, lambda: env.rate("X", "1/s")) for word in ("1.5/s", "9 / s", "٣/s", "9/s/s")],
        ("10.0.0.0/33", lambda: env.networks("X")),
        ("10.0.0.1/8", lambda: env.networks("X")),
        ("a-proxy", lambda: env.networks("X")),
    ],
)
def test_a_malformed_value_is_named(set_to: Any, value: str, read: Any) -> None:
    set_to(value)
    with pytest.raises(env.SettingError, match=r"^X must be"):
        read()


def test_a_url_that_is_refused_is_not_repeated_for_it_may_hold_a_password(set_to: Any) -> None:
    set_to("http://name:canary-pw@host/0")
    with pytest.raises(env.SettingError) as caught:
        env.url("X", ["redis"])
    assert "canary-pw" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "https://mirror.example.org/x",
        "http://127.0.0.2:80/",
        "http://[::1]/",
        "http://localhost/",
    ],
)
def test_a_mirror_is_encrypted_or_here(set_to: Any, value: str) -> None:
    set_to(value)
    assert env.mirror("X") == value


@pytest.mark.parametrize(
    "value", ["http://mirror.example.org/", "http://10.0.0.1/", "ftp://x/", "x"]
)
def test_a_mirror_elsewhere_without_encryption_stops_the_start(set_to: Any, value: str) -> None:
    set_to(value)
    with pytest.raises(env.SettingError, match="X must"):
        env.mirror("X")


@pytest.mark.parametrize(
    ("value", "read"),
    [("400/s", (400, 1)), ("10/min", (10, 60)), ("5/15min", (5, 900)), ("7/h", (7, 3600))],
)
def test_a_rate_is_so_many_in_a_time(set_to: Any, value: str, read: tuple[int, int]) -> None:
    assert env.rate("X", value) == read
    set_to(value)
    assert env.rate("X", "1/s") == read


def test_networks_are_networks_or_single_addresses(set_to: Any) -> None:
    assert env.networks("X") == []
    set_to("10.0.0.0/8, 192.0.2.1,fd00::/8")
    assert [str(one) for one in env.networks("X")] == ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]


def test_words_stand_between_commas(set_to: Any) -> None:
    set_to(" a.example.org, b ,,")
    assert env.words("X") == ["a.example.org", "b"]


def test_a_secret_is_long_and_never_repeated(set_to: Any) -> None:
    set_to("canary-too-short")
    with pytest.raises(env.SettingError, match="X must have at least 32") as caught:
        env.secret("X", kept_in=None)
    assert "canary" not in str(caught.value)
    set_to("s" * 32)
    assert env.secret("X", kept_in=None) == "s" * 32


def test_a_missing_secret_stops_production() -> None:
    with pytest.raises(env.SettingError, match="X is not set"):
        env.secret("X", kept_in=None)


def test_a_developer_gets_a_random_one_that_stays_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    value = env.secret("X", kept_in=path)
    assert len(value) >= 32
    assert env.secret("X", kept_in=path) == value
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert env.secret("X", kept_in=tmp_path / "other") != value


def test_a_file_that_a_killed_start_left_empty_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    value = env.secret("X", kept_in=path)
    assert len(value) >= 32
    assert path.read_text() == value
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
