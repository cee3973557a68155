"""Measure, print a table, keep it as JSON; exit code 1 where a mark is missed."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"

import argparse
import sys

import django

django.setup()

from django.conf import settings

from bench import database, report, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows; under a minute")
    quick = parser.parse_args().quick
    with database.own_database():
        machine, lines = run.everything(quick=quick)
    report.print_table(machine, lines)
    file = settings.VAR / "bench.json"
    report.write_json(file, machine, lines)
    print(f"\nWritten to {file}.")
    return 0 if all(line.is_reached for line in lines) else 1


sys.exit(main())
