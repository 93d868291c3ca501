"""What other people's readers make of the files: prints JSON that a test in TypeScript compares.

Usage: packages.py LOGDIR MODEL RUN NOTEBOOK
"""

import hashlib
import json
import os
import sys

import nbformat
import pandas
from nbclient import NotebookClient
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SRC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src")
sys.path.insert(0, SRC)
os.environ["PYTHONPATH"] = os.path.abspath(SRC)

import tallystick as ts  # noqa: E402

CELL_TIMEOUT_S = 120


def scalars(logdir):
    found = {}
    for name in sorted(os.listdir(logdir)):
        reader = EventAccumulator(os.path.join(logdir, name))
        reader.Reload()
        found[name] = {
            tag: [[event.step, event.value] for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]
        }
    return found


def executed(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3").execute(cwd=os.getcwd())
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return {
        "errors": [output["ename"] for output in outputs if output["output_type"] == "error"],
        "html": sum("text/html" in output.get("data", {}) for output in outputs),
    }


def main(logdir, model, run, notebook):
    rounds, nodes = ts.connect().run(run).rounds(), ts.connect().run(run).nodes()
    assert isinstance(rounds, pandas.DataFrame) and isinstance(nodes, pandas.DataFrame)
    tensors = {name: hashlib.sha256(tensor.tobytes()).hexdigest() for name, tensor in load_file(model).items()}
    said = {
        "scalars": scalars(logdir),
        "tensors": tensors,
        "rounds": json.loads(rounds.to_json(orient="records", double_precision=15)),
        "nodes": json.loads(nodes.to_json(orient="records", double_precision=15)),
        "notebook": executed(notebook),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
