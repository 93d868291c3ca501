"""Robust rules as NumPy computes them, on one thread. Prints one JSON object.

    python numpy_rules.py --rule median --nodes 100 --params 262144 --passes 2
    python numpy_rules.py --rule gram --nodes 100 --params 262144 --passes 2

`gram`: the squared distance of every pair in float64, pair by pair, as robust rules in Python compute them.
"""

import argparse
import json
import time

import numpy as np

import versions


def median(updates: np.ndarray) -> None:
    """Coordinate median."""
    np.median(updates, axis=0)


def gram(updates: np.ndarray) -> None:
    """All pairs."""
    wide = updates.astype(np.float64)
    count = len(wide)
    distances = np.zeros((count, count))
    difference = np.empty(wide.shape[1])
    for i in range(count):
        for j in range(i + 1, count):
            np.subtract(wide[i], wide[j], out=difference)
            distances[i, j] = distances[j, i] = np.dot(difference, difference)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rule", choices=["median", "gram"], required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--params", type=int, required=True)
    parser.add_argument("--passes", type=int, default=2)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    updates = rng.standard_normal((args.nodes, args.params), dtype=np.float32)
    rule = {"median": median, "gram": gram}[args.rule]
    seconds = []
    for _ in range(args.passes):
        start = time.process_time()
        rule(updates)
        seconds.append(time.process_time() - start)
    print(json.dumps({"seconds": seconds, **versions.of("numpy")}))


if __name__ == "__main__":
    main()
