"""Lists of analyses read what they show, however many analyses there are."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from accounts.models import User
from analyses import selectors
from analyses.models import Analysis, AnalysisInput
from tests.factories import make_dataset

DATASETS, MANY, PAGE = 40, 2_000, 20


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", []):
        yield from nodes(one)


def test_a_page_of_many_analyses_reads_no_more_than_it_shows(analyst: User) -> None:
    datasets = [make_dataset(analyst) for _ in range(DATASETS)]
    many = [Analysis(user=analyst, dataset=datasets[n % DATASETS], type="summary", key=str(n),
                     dataset_revision=1, method_version=1) for n in range(MANY)]  # fmt: skip
    Analysis.objects.bulk_create(many)
    AnalysisInput.objects.bulk_create(
        [AnalysisInput(analysis=one, dataset=one.dataset, revision=1) for one in many]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analyses, analysis_inputs, datasets")
    page = selectors.analyses_for(analyst).order_by("-created_at")
    assert len(page[:PAGE]) == PAGE
    (told,) = json.loads(page[:PAGE].explain(format="json", analyze=True))
    read = {
        (node["Relation Name"], node["Actual Rows"] * node["Actual Loops"])
        for node in nodes(told["Plan"])
        if node.get("Relation Name") in {"analyses", "analysis_inputs"}
    }
    assert read
    assert max(rows for _, rows in read) < MANY / 10
