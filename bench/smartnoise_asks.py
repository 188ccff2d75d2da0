"""Runs in the peer's own environment, which knows nothing of ours: `smartnoise_asks.py FILE ROUNDS WARDS`."""

import json
import statistics
import sys
import time

import pandas as pd  # type: ignore[import-untyped]
import snsql  # type: ignore[import-not-found]

ASKED = "SELECT ward, COUNT(*) AS visits, SUM(cost) AS spent FROM wards.visits GROUP BY ward"


def main(file: str, rounds: int, wards: int) -> None:
    rows = pd.read_parquet(file, columns=["person", "ward", "cost"])
    columns = {
        "max_ids": 20,
        "person": {"type": "int", "private_id": True},
        "ward": {"type": "int", "lower": 0, "upper": wards - 1},
        "cost": {"type": "int", "lower": 0, "upper": 999},
    }
    metadata = {"": {"wards": {"visits": {"rows": len(rows), **columns}}}}
    # Epsilon 1.57 at delta 1e-5 is what 0.05 rho amounts to.
    reader = snsql.from_df(rows, privacy=snsql.Privacy(epsilon=1.57, delta=1e-5), metadata=metadata)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        reader.execute(ASKED)
        times.append(1e3 * (time.perf_counter() - began))
    sys.stdout.write(json.dumps({"median_ms": statistics.median(times)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
