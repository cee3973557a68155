"""The gallery: every kind is in it, with pictures that are there, and nothing in it runs."""

import re
from pathlib import Path

import pytest

import visualizations.charts
from datastream.core.registry import import_folder
from tests.visualizations import gallery
from tests.visualizations.gallery_data import HOSTILE, samples
from visualizations.registry import kinds

import_folder(visualizations.charts)


def test_every_kind_is_in_the_gallery_with_all_its_pictures() -> None:
    page = (gallery.FOLDER / "index.md").read_text()
    assert [name for name in kinds.names() if f"\n## {name}\n" not in page] == []
    files = re.findall(r"\(([\w-]+\.(?:png|svg))\)", page)
    assert files
    assert [name for name in files if not (gallery.FOLDER / name).exists()] == []
    kept = {path.name for path in gallery.FOLDER.iterdir()} - {"index.md"}
    assert kept == set(files)


@pytest.mark.parametrize("kind", kinds.names())
def test_every_kind_is_there_in_both_themes_and_forms(kind: str) -> None:
    kept = {path.name for path in gallery.FOLDER.glob(f"{kind}-*")}
    hard = {one.name.replace(" ", "-") for one in samples()} - {"one-value"}
    whole = {name.replace(" ", "-") for name in gallery.WHOLE}
    for sample in hard - whole:
        assert {f"{kind}-{sample}.png", f"{kind}-{sample}-dark.png"} <= kept
    assert len({f"{kind}-{sample}-dark.png" for sample in whole} & kept) == 1
    assert {f"{kind}-{sample}.svg" for sample in whole} & kept
    assert len([name for name in kept if name.endswith("-dark.svg")]) == 1


def test_the_gallery_is_small_and_runs_nothing() -> None:
    assert sum(path.stat().st_size for path in gallery.FOLDER.iterdir()) < 10_000_000
    for path in gallery.FOLDER.glob("*.svg"):
        assert not re.search(rb"<script|<image|<!|\shref=|\son\w+=[\"']", path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scatter", "map", "return_levels"])
def test_a_kind_is_drawn_of_every_sample(name: str, tmp_path: Path) -> None:
    shown = gallery.make(tmp_path / "gallery", [kinds[name]])
    assert {one.kind.name for one in shown} == {name}
    assert len(shown) >= 5
    page = (tmp_path / "gallery" / "index.md").read_text()
    assert "<script" not in page
    assert all((tmp_path / "gallery" / f"{one.file}.png").exists() for one in shown)


def test_samples_are_those_that_are_hard_to_draw() -> None:
    found = {one.name: one for one in samples()}
    assert {"short", "long", "gappy", "constant", "empty", "hostile", "one value"} <= found.keys()
    assert sum(one.is_real for one in found.values()) == 2
    assert len(found["long"].make(1)[0].values) == 36_525
    assert found["hostile"].make(1)[0].unit == HOSTILE
    assert not found["empty"].make(2)[1].values.size
