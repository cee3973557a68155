"""Plants all faults, each switched off."""

import importlib
import pkgutil

from django.apps import AppConfig

from tests.security import faults


class FaultyConfig(AppConfig):
    name = "tests.security.faulty"
    label = "faulty"

    def ready(self) -> None:
        for module in pkgutil.iter_modules(faults.__path__):
            importlib.import_module(f"{faults.__name__}.{module.name}")
        for one in faults.FAULTS.values():
            one.plant(faults.switch(one.name))
