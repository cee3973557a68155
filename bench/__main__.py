"""Measure, print a table, keep it as JSON; exit code 1 where a mark is missed."""

import argparse
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
django.setup()

# Models can be imported only after that.
from bench import run  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows; a few minutes")
    return run.bench(quick=parser.parse_args().quick)


sys.exit(main())
