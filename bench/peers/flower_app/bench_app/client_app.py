"""A client that answers with noise: another in each round, so that no store can answer for it."""

import time
import zlib

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()
def train(msg: Message, context: Context) -> Message:
    """One update."""
    node = int(context.node_config.get("partition-id", 0))
    seed = zlib.crc32(f"{node}-{time.time_ns()}".encode())
    params = int(context.run_config["params"])
    array = np.random.default_rng(seed).standard_normal(params, dtype=np.float32)
    metrics = MetricRecord({"num-examples": 10 + node})
    content = RecordDict({"arrays": ArrayRecord([array]), "metrics": metrics})
    return Message(content=content, reply_to=msg)
