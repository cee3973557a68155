"""Packages that are not installed everywhere: who asks for one is told what to install."""

import importlib.metadata
import sys
from dataclasses import replace

import pytest

from analyses.registry import Analysis, Extra
from analyses.services import libraries
from datastream.core.errors import InvalidInputError
from tests.factories import days, make_dataset, write

ABSENT = Extra("method", "oracle", package="no-such-package", module="no_such_module")
PRESENT = replace(ABSENT, package="numpy", module="numpy")


def analysis(extra):
    return Analysis(
        name="none",
        title="None",
        description="None.",
        parameters={},
        references=(),
        version=1,
        compute=lambda _series: {},
        libraries=("scipy",),
        extra=extra,
    )


def advice(choice, package):
    return (
        f"{choice} needs {package}, which is not installed on this server; "
        "`pip install -r requirements/learning.txt` installs it."
    )


def test_a_choice_whose_package_is_missing_is_refused_with_what_to_install():
    with pytest.raises(InvalidInputError) as caught:
        libraries.check_installed(analysis(ABSENT), {"method": "oracle"})
    assert caught.value.details == {"method": [advice("oracle", "no-such-package")]}


@pytest.mark.parametrize("extra", [ABSENT, PRESENT, None])
def test_another_choice_needs_nothing(extra):
    libraries.check_installed(analysis(extra), {"method": "auto"})
    libraries.check_installed(analysis(extra), {})


def test_a_choice_whose_package_is_installed_is_taken():
    libraries.check_installed(analysis(PRESENT), {"method": "oracle"})


def test_the_version_of_an_extra_counts_where_it_is_installed():
    scipy = {"scipy": importlib.metadata.version("scipy")}
    assert libraries.versions(analysis(ABSENT)) == scipy
    numpy = {"numpy": importlib.metadata.version("numpy")}
    assert libraries.versions(analysis(PRESENT)) == scipy | numpy


def test_who_asks_for_a_forest_without_scikit_learn_is_answered_400(analyst, api, monkeypatch):
    # What Python itself does with a module that is not there.
    monkeypatch.setitem(sys.modules, "sklearn", None)
    dataset = make_dataset(analyst)
    write(dataset, days(60, station="A"))
    parameters = {"variable": "TMAX", "method": "isolation_forest"}
    body = {"type": "anomaly_detection", "parameters": parameters}
    path = f"/api/v1/datasets/{dataset.pk}/analysis"
    answer = api.post(path, body, format="json")
    assert answer.status_code == 400
    told = answer.json()["detail"]["details"]["method"]
    assert told == [advice("isolation_forest", "scikit-learn")]
    parameters["method"] = "seasonal_esd"
    assert api.post(path, body, format="json").status_code == 202
