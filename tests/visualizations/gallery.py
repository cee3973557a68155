"""A page of all kinds of pictures, of real data and of short, long, gappy, empty, hostile ones.

`make gallery` draws every registered kind as PNG and SVG into docs/gallery/ and writes a page that
shows them. Nothing is fetched. Pictures of results compute the analyses that are registered, with
their defaults; of one that is not, recorded results are drawn.
"""

import io
import json
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

import analyses.methods
import visualizations.charts
from datastream.core.errors import PlatformError
from datastream.core.registry import import_folder
from tests.visualizations.gallery_data import MADE_UP, Sample, samples, subject
from tests.visualizations.samples import RESULTS, ROLES, computed, drawable, least, recorded
from visualizations import options
from visualizations.charts.theme import DARK, themed
from visualizations.drawing import draw
from visualizations.registry import Drawing, Kind, kinds

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"
SIZE = {"width": 800, "height": 420}
COLOURS = 256
# A larger SVG is drawn and looked through, and not kept, unless it is a kind's only whole one.
LARGEST_SVG = 40_000
# Samples of which a kind draws all that it has; one of them is enough in the dark.
WHOLE = ("real days", "real months", "four years")
# More decimals than an eye sees, in what is drawn and not in what is written.
DECIMALS = re.compile(r"(\.\d)\d+")
LIKE_SAMPLES = ("usual", "gappy", "short", "empty", "constant")
SHAPES = re.compile(r'(?<=\s)(?:d|transform|x1?|x2|y1?|y2)="[^"]*"')


@dataclass(frozen=True)
class Shown:
    """One picture of the page."""

    kind: Kind
    name: str
    file: str
    alt: str
    svg: bytes
    is_dark: bool
    has_values: bool

    @property
    def is_small(self) -> bool:
        return len(self.svg) <= LARGEST_SVG

    @property
    def is_whole(self) -> bool:
        return self.has_values and self.name in WHOLE


def drawings(kind: Kind, sample: Sample) -> Iterator[tuple[str, Drawing]]:
    """What a kind makes of a sample; nothing where the sample is no subject for it."""
    chosen = options.check(kind, least(kind))
    if kind.draws == "stations":
        if sample.stations is not None:
            yield sample.name, kind.compile(sample.stations, chosen, sample.facts_of_stations)
        return
    if kind.draws == "series":
        if not (sample.is_real and ROLES.keys() & set(kind.named_by)):
            yield sample.name, kind.compile(subject(sample, kind), chosen, sample.facts)
        return
    first, *others = sample.make(4)
    for method in drawable(kind):
        results = computed(method, first, others or [first])
        yield sample.name, kind.compile(results, chosen, sample.facts)


def of_records(kind: Kind) -> Iterator[tuple[str, Drawing]]:
    """Recorded results: those by other parameters than the defaults, or all of what is not here."""
    for name in kind.analyses:
        path = RESULTS / f"{name}.json"
        for place in json.loads(path.read_text()) if path.exists() else ():
            if place not in LIKE_SAMPLES or not drawable(kind):
                results = recorded(name, place)
                told = f"recorded {place}"
                yield told, kind.compile(results, options.check(kind, least(kind)), MADE_UP)


def all_of(kind: Kind) -> Iterator[tuple[str, Drawing]]:
    for sample in samples():
        try:
            yield from drawings(kind, sample)
        except PlatformError as error:
            sys.stderr.write(f"{kind.name}, {sample.name}: {error.details or error.message}\n")
    yield from of_records(kind)


def smaller(png: bytes) -> bytes:
    """Few colours are enough for a page to look at."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def rounded(svg: bytes) -> bytes:
    return SHAPES.sub(lambda one: DECIMALS.sub(r"\1", one[0]), svg.decode()).encode()


def in_both_themes(kind: Kind) -> Iterator[tuple[str, Drawing, bool]]:
    """Each picture of a kind, and in the dark one that is whole and those that are hard to draw."""
    has_whole = False
    for name, drawing in all_of(kind):
        yield name, drawing, False
        if name == "one value" or (name in WHOLE and (has_whole or not has_values(drawing))):
            continue
        has_whole = has_whole or name in WHOLE
        yield f"{name} dark", replace(drawing, spec=themed(drawing.spec, DARK)), True


def has_values(drawing: Drawing) -> bool:
    return any(len(column) for column in drawing.columns.values())


def drawn(folder: Path, kind: Kind) -> Iterator[Shown]:
    """Every picture of a kind, kept as PNG."""
    for name, drawing, is_dark in in_both_themes(kind):
        file = f"{kind.name}-{name.replace(' ', '-')}"
        (folder / f"{file}.png").write_bytes(smaller(draw(drawing.spec, format="png", **SIZE)))
        svg = rounded(draw(drawing.spec, format="svg", **SIZE))
        yield Shown(kind, name, file, drawing.alt, svg, is_dark, has_values(drawing))


def with_svg(found: list[Shown]) -> list[Shown]:
    """Which pictures of a kind are kept as SVG too.

    In the light all small ones, and one that is whole however large it is; in the dark, where
    only colours differ, one.
    """
    light = [one for one in found if not one.is_dark]
    kept = [one for one in light if one.is_small]
    whole = [one for one in light if one.is_whole]
    if whole and not any(one.is_small for one in whole):
        kept.append(min(whole, key=lambda one: len(one.svg)))
    dark = [one for one in found if one.is_dark and one.is_small and one.has_values]
    return kept + dark[:1]


def make(folder: Path, chosen: list[Kind]) -> list[Shown]:
    """Draw the kinds into a folder, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shown: list[Shown] = []
    for kind in chosen:
        sys.stderr.write(f"{kind.name}\n")
        found = list(drawn(folder, kind))
        for one in with_svg(found):
            (folder / f"{one.file}.svg").write_bytes(one.svg)
        shown += found
    (folder / "index.md").write_text(page(folder, shown))
    return shown


def page(folder: Path, shown: list[Shown]) -> str:
    found = list(dict.fromkeys(one.kind.name for one in shown))
    lines = [
        "# Gallery",
        "",
        "Every kind of picture, drawn by `make gallery` of real and of difficult data. Nothing",
        "here is edited by hand. In the dark there is one whole picture of a kind, and those of",
        "data that is short, long, gappy, constant, empty or hostile. As SVG small pictures are",
        "kept, of every kind one that is whole, and one in the dark.",
        "",
        " · ".join(f"[{name}](#{name})" for name in found),
    ]
    for name in found:
        mine = [one for one in shown if one.kind.name == name]
        kind = mine[0].kind
        lines += [
            "",
            f"## {name}",
            "",
            f"{kind.description} [How](../reference/pictures/{name}.md).",
            "",
        ]
        for one in mine:
            size = f"{len(one.svg) / 1000:,.0f} kB"
            is_kept = (folder / f"{one.file}.svg").exists()
            svg = f"[SVG]({one.file}.svg), {size}" if is_kept else f"as SVG {size}, not kept"
            # The words of people in it may hold anything.
            alt = re.sub(r"[^\w\s.,:;%°−–()/+-]", " ", one.alt)[:300]
            lines += [f"**{one.name}** ({svg})", "", f"![{alt}]({one.file}.png)", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")
    import_folder(analyses.methods)
    import_folder(visualizations.charts)
    # Fits warn of what the samples are made for.
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    names = sys.argv[1:]
    chosen = [kind for kind in kinds if not names or kind.name in names]
    shown = make(FOLDER, chosen)
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    sys.stderr.write(f"{len(shown)} pictures, {size / 1e6:.1f} MB in {FOLDER}\n")


if __name__ == "__main__":
    main()
