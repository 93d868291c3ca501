"""Plays a run on the coordinator of TALLY_URL and prints what it read as JSON: a test in TypeScript compares it."""

import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

import tallystick as ts  # noqa: E402


def rows(frame):
    return json.loads(frame.to_json(orient="records", double_precision=15)) if hasattr(frame, "to_json") else frame


def main(spec, model_path):
    run = ts.connect().launch(spec).wait(timeout=120)
    with open(run.model("last", model_path), "rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    said = {
        "run": run.number,
        "rounds": rows(run.rounds()),
        "nodes": rows(run.nodes()),
        "model": sha256,
        "html": run._repr_html_(),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
