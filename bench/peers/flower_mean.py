"""Flower's own FedAvg over updates held in memory: seconds of the mean alone. Prints one JSON object.

    python flower_mean.py --nodes 100 --params 1663370 --passes 2
"""

import argparse
import json
import logging
import time

import numpy as np
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAvg
from flwr.supercore.task_identity import TaskIdentity

import versions

# Outside a run a Message cannot be made without these.
TaskIdentity.run_id, TaskIdentity.task_id, TaskIdentity.node_id = 1, 1, 1


def reply(node: int, params: int) -> Message:
    """The update of one node: float32 noise, another for each node."""
    array = np.random.default_rng(node).standard_normal(params, dtype=np.float32)
    metrics = MetricRecord({"num-examples": 10 + node})
    content = RecordDict({"arrays": ArrayRecord([array]), "metrics": metrics})
    return Message(content, dst_node_id=node + 1, message_type="train")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--params", type=int, required=True)
    parser.add_argument("--passes", type=int, default=2)
    args = parser.parse_args()
    logging.getLogger("flwr").setLevel(logging.ERROR)
    replies = [reply(node, args.params) for node in range(args.nodes)]
    seconds = []
    for _ in range(args.passes):
        start = time.perf_counter()
        FedAvg().aggregate_train(1, replies)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, **versions.of("flwr", "numpy")}))


if __name__ == "__main__":
    main()
