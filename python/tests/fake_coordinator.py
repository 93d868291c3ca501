"""A coordinator of fixed answers on a loopback port, for tests without one."""

import hashlib
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "
MODEL_ID = hashlib.sha256(MODEL).hexdigest()
ROUNDS = [
    {
        "run": 0, "round": n, "status": "committed", "header": "d" * 64, "modelBefore": "b" * 64,
        "modelAfter": MODEL_ID, "cohort": 2, "included": 2, "excluded": 0, "sumWeight": str(2**70 + n),
        "metrics": {"lossBefore": 900_000_000 - n}, "closedAtMs": 1_700_000_000_000 + 2_500 * n, "emptyReason": None,
        "commit": {"block": n, "blockHash": "e" * 64, "extrinsic": "f" * 64},
        "evaluations": [
            {"node": 0, "numExamples": 10, "metrics": {"accuracy": 1_000_000_000}},
            {"node": 1, "numExamples": 30, "metrics": {"accuracy": 500_000_000}},
        ],
    }
    for n in range(3)
]
RUN = {
    "run": 0, "name": "tiny", "purpose": "DUO:0000007", "status": "completed", "queue": None, "reason": None,
    "spec": "a" * 64, "rounds": 3, "closedRounds": 3, "committedRounds": 3, "voidRounds": 0, "lastRound": 2, "genesisModel": "b" * 64,
    "model": MODEL_ID, "best": {"round": 2, "model": MODEL_ID, "loss": 1}, "pot": "0",
    "createdAtMs": 1_700_000_000_000, "endedAtMs": 1_700_000_009_000, "current": None,
}
NODES = [{"node": 0, "name": "alpha"}, {"node": 1, "name": "beta"}]


class FakeCoordinator:
    """Answers until closed; `view` is what it says of run 0, `blob` what it sends as the model."""

    def __init__(self, certificate=None):
        self.view = dict(RUN)
        self.blob = MODEL
        self.location = None
        self.requests = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                fake.answer(self, None)

            def do_POST(self):
                fake.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler, body):
        self.requests.append((handler.command, handler.path, body))
        if self.location is not None:
            handler.send_response(302)
            handler.send_header("Location", self.location)
            handler.end_headers()
        elif handler.headers["Authorization"] != "Bearer secret":
            hint = {"code": "AUTH_REQUIRED", "message": "this needs a bearer token", "hint": "Send one."}
            self._send(handler, 401, json.dumps({"error": hint}).encode())
        elif handler.path.startswith("/api/v1/blobs/"):
            self._send(handler, 200, self.blob)
        else:
            self._send(handler, 200, json.dumps(self._json(handler.path)).encode())

    def _json(self, path):
        if path == "/api/v1/nodes":
            return {"nodes": NODES}
        if "/rounds" in path:
            start = int(path.split("from=")[1].split("&")[0])
            return {"rounds": ROUNDS[start : start + 2]}
        return {"runs": [self.view]} if path == "/api/v1/runs" and self.requests[-1][0] == "GET" else self.view

    @staticmethod
    def _send(handler, status, data):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
