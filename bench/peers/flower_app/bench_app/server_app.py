"""FedAvg without evaluation; writes a line of JSON for each round."""

import json
import time
from collections.abc import Iterable

import numpy as np
from flwr.app import ArrayRecord, Context, Message
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()
ROUND_SECONDS = 900


class Timed(FedAvg):
    """FedAvg that says when a round starts and how many replies it got."""

    path = ""

    def configure_train(self, server_round, arrays, config, grid):
        """Start of a round."""
        write(self.path, event="start", round=server_round)
        return super().configure_train(server_round, arrays, config, grid)

    def aggregate_train(self, server_round: int, replies: Iterable[Message]):
        """All replies are here."""
        all_replies = list(replies)
        good = sum(not reply.has_error() for reply in all_replies)
        write(self.path, event="replies", round=server_round, good=good)
        return super().aggregate_train(server_round, all_replies)


def write(path: str, **fields: object) -> None:
    """Appends an event with its time."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({**fields, "at": time.time()}) + "\n")


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Waits for all nodes, then plays the rounds."""
    config = context.run_config
    nodes = int(config["nodes"])
    path = str(config["events"])
    while len(list(grid.get_node_ids())) < nodes:
        time.sleep(0.1)
    strategy = Timed(
        fraction_train=1.0,
        fraction_evaluate=0.0,
        min_train_nodes=nodes,
        min_available_nodes=nodes,
        min_evaluate_nodes=0,
    )
    strategy.path = path
    arrays = ArrayRecord([np.zeros(int(config["params"]), np.float32)])
    rounds = int(config["rounds"])
    strategy.start(grid=grid, initial_arrays=arrays, num_rounds=rounds, timeout=ROUND_SECONDS)
    write(path, event="done")
