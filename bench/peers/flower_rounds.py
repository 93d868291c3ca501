"""Seconds per round of Flower with nothing trained. Prints one JSON object.

    python flower_rounds.py --engine deployment --nodes 2 --params 1000 --rounds 6
    python flower_rounds.py --engine simulation --nodes 100 --params 1000 --rounds 10

`deployment`: SuperLink and SuperNodes as processes on loopback, without TLS. `simulation`: the same app on Ray, one CPU per
client. The first round is left out of the median.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import versions

HERE = Path(__file__).resolve().parent
LICENSE = HERE.parent.parent / "LICENSE"
BIN = Path(sys.executable).parent
RUN_SECONDS = 1_500
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tree_of(root: int) -> list[int]:
    """A process and all that came of it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
        parents.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, []))
    return found


def resident(pids: list[int]) -> float:
    """Sum of resident megabytes; pages that processes share count in each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except (OSError, IndexError):
            continue
    return total / 1e6


class Deployment:
    """A SuperLink and its SuperNodes in a temporary folder."""

    def __init__(self, engine: str, nodes: int) -> None:
        self.engine = engine
        self.nodes = nodes
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="flower-bench-"))
        self.app = self.folder / "app"
        self.events = self.folder / "events.jsonl"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.peak_mb = 0.0
        self.over = threading.Event()
        home = self.folder / "home"
        self.environment = {
            **os.environ,
            "FLWR_HOME": str(home),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        shutil.copytree(HERE / "flower_app", self.app, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(LICENSE, self.app / "LICENSE")
        home.mkdir()
        (home / "config.toml").write_text(
            f'[superlink]\ndefault = "bench"\n[superlink.bench]\n'
            f'address = "127.0.0.1:{self.port}"\ninsecure = true\n',
            encoding="utf-8",
        )

    def __enter__(self) -> "Deployment":
        flags = ["--simulation"] if self.engine == "simulation" else []
        superlink = self.start(
            "flower-superlink",
            "--insecure",
            *flags,
            *("--host", "127.0.0.1", "--port", str(self.port)),
            "--disable-runtime-dependency-installation",
        )
        threading.Thread(target=self.watch, args=(superlink.pid,), daemon=True).start()
        wait_for(self.port)
        if self.engine == "deployment":
            for node in range(self.nodes):
                self.start_node(node)
        return self

    def start_node(self, node: int) -> None:
        """A SuperNode with the number of its data."""
        self.start(
            "flower-supernode",
            "--insecure",
            *("--superlink", f"127.0.0.1:{self.port}", "--port", str(free_port())),
            *("--node-config", f"partition-id={node} num-partitions={self.nodes}"),
        )

    def start(self, program: str, *args: str) -> subprocess.Popen[bytes]:
        """A process of Flower; its log stays in the folder."""
        with open(self.folder / f"{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                [str(BIN / program), *args],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def watch(self, superlink: int) -> None:
        """Keeps the highest sum of resident memory of the server's side."""
        while not self.over.wait(0.25):
            self.peak_mb = max(self.peak_mb, resident(tree_of(superlink)))

    def run(self, params: int, rounds: int) -> None:
        """Submits the app and waits until it is done."""
        config = f'rounds={rounds} params={params} nodes={self.nodes} events="{self.events}"'
        command = [str(BIN / "flwr"), "run", str(self.app), "bench", "--run-config", config]
        if self.engine == "simulation":
            federation = f"num-supernodes={self.nodes} client-resources-num-cpus=1"
            command += ["--federation-config", federation]
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise SystemExit(f"flwr run: {ended.stdout[-500:]} {ended.stderr[-500:]}")
        until = time.monotonic() + RUN_SECONDS
        while not any(event["event"] == "done" for event in self.read_events()):
            if time.monotonic() > until:
                raise SystemExit(f"no result after {RUN_SECONDS} s: {self.logs()}")
            time.sleep(0.1)

    def read_events(self) -> list[dict]:
        """What the server app has written so far."""
        if not self.events.exists():
            return []
        lines = self.events.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def logs(self) -> str:
        """Last words of every process."""
        return " | ".join(
            path.read_text(errors="replace")[-200:] for path in sorted(self.folder.glob("*.log"))
        )

    def __exit__(self, *_: object) -> None:
        self.over.set()
        pids = [pid for process in self.processes for pid in tree_of(process.pid)]
        for process in self.processes:
            process.terminate()
        time.sleep(1)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(port: int) -> None:
    """Until somebody listens."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the SuperLink does not listen")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=["deployment", "simulation"], required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--params", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Deployment(args.engine, args.nodes) as deployment:
        deployment.run(args.params, args.rounds)
        events = deployment.read_events()
    starts = [event["at"] for event in events if event["event"] in ("start", "done")]
    seconds = [end - start for start, end in zip(starts, starts[1:])]
    good = [event["good"] for event in events if event["event"] == "replies"]
    print(
        json.dumps(
            {
                "median_s": statistics.median(seconds[1:] or seconds),
                "rounds_s": [round(value, 3) for value in seconds],
                "replies_ok": good == [args.nodes] * args.rounds,
                "server_mb": deployment.peak_mb,
                "version": versions.of("flwr")["versions"]["flwr"],
            }
        )
    )


if __name__ == "__main__":
    main()
