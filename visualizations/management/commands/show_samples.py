"""Run analyses of the samples and draw pictures of them, where that has not been done."""

import itertools
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from analyses import services as analysing
from analyses.models import Analysis
from datasets.access import full_view
from datasets.models import Dataset, Visibility
from datastream.core.models import Status
from visualizations import services
from visualizations.models import Visualization

ANALYSES: tuple[tuple[Any, ...], ...] = (
    ("co2", "trend", {"variable": "co2"}),
    ("elnino", "anomaly", {"variable": "sst"}),
    ("seattle", "climatology", {"variable": "TMAX"}),
    ("seattle", "summary", {}),
)
EXTREMES = {"variables": ["TMAX", "TMIN"]}
PICTURES: tuple[tuple[Any, ...], ...] = (
    ("seattle", "line", "Seattle–Tacoma: warmest and coldest of each day", EXTREMES),
    ("co2", "line", "Mauna Loa: carbon dioxide in air", {"variables": ["co2"]}),
    ("elnino", "anomaly_trend", "Niño 1+2: sea surface temperature", {"variable": "sst"}),
    ("elnino", "stripes", "Niño 1+2: sea surface temperature", {"variable": "sst"}),
)


class Command(BaseCommand):
    help = "Run analyses of the samples and draw pictures of them; what is there is kept."

    def handle(self, *args: Any, **options: Any) -> None:
        samples = {
            tag: dataset
            for dataset in Dataset.objects.filter(source="sample").select_related("owner")
            for tag in dataset.tags
        }
        work = [(self.analyse, one) for one in ANALYSES], [(self.draw, one) for one in PICTURES]
        todo: list[tuple[Any, tuple[Any, ...]]] = [
            (do, one)
            for do, one in itertools.chain(*work)
            if one[0] in samples and not self.is_done(do, one, samples)
        ]
        for do, one in tqdm(todo, desc="pictures", disable=not sys.stderr.isatty(), leave=False):
            do(samples[one[0]], *one[1:])

    def is_done(self, do: Any, one: tuple[Any, ...], samples: dict[str, Dataset]) -> bool:
        dataset = samples[one[0]]
        if do == self.analyse:
            done = Analysis.objects.filter(dataset=dataset, type=one[1])
            return done.filter(status=Status.SUCCEEDED).exists()
        return Visualization.objects.filter(dataset=dataset, kind=one[1]).exists()

    def analyse(self, dataset: Dataset, kind: str, parameters: dict[str, Any]) -> None:
        view = full_view(dataset)
        analysis = analysing.request_analysis(view, kind, parameters, user=dataset.owner)
        analysing.execute(analysis.pk)

    @transaction.atomic
    def draw(self, dataset: Dataset, kind: str, title: str, options: dict[str, Any]) -> None:
        data = {
            "title": title,
            "kind": kind,
            "dataset": dataset.pk,
            "options": options,
            "visibility": Visibility.PUBLIC,
        }
        picture = services.create_visualization(dataset.owner, data)
        series = services.shown(dataset.owner, picture)
        drawn = services.image(picture, series, "png", services.Size())
        folder = settings.VAR / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{kind}-{dataset.tags[-1]}.png"
        path.write_bytes(drawn)
        self.stdout.write(f"Drawn: {path}")
