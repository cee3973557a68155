"""Load the rows of so many stations: `STATIONS`; the database's URL is in DLT_STACK_DATABASE."""

import json
import os
import sys
import time

import dlt
from collection_rows import pages


def main(stations: int) -> None:
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(credentials=os.environ["DLT_STACK_DATABASE"]),
        dataset_name="dlt_bench",
    )
    start = time.perf_counter()
    pipeline.run(
        pages(stations),
        table_name="observations",
        write_disposition="merge",
        primary_key=("station", "timestamp"),
    )
    seconds = time.perf_counter() - start
    with (
        pipeline.sql_client() as client,
        client.execute_query("SELECT count(*) FROM observations") as found,
    ):
        (rows,) = found.fetchone()
    sys.stdout.write(json.dumps({"rows": rows, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
