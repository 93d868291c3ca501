"""Requests to the coordinator. Every route stands in ROUTES, which a test compares with /api/openapi.json."""

import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from .errors import TallyError
from .pin import PinnedHandler

PREFIX = "/api/v1"
ROUTES = {
    "launch": ("post", "/runs"),
    "runs": ("get", "/runs"),
    "run": ("get", "/runs/{run}"),
    "stop": ("post", "/runs/{run}/stop"),
    "rounds": ("get", "/runs/{run}/rounds"),
    "nodes": ("get", "/nodes"),
    "blob": ("get", "/blobs/{sha256}"),
}

TIMEOUT_S = 30
"""Longest silence of the coordinator."""
MAX_JSON_BYTES = 64 * 1024 * 1024
"""Largest JSON answer that is read."""
PIECE_BYTES = 1024 * 1024
"""A download holds one piece of this size in memory."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is never sent where the coordinator points to."""

    def redirect_request(self, *_):
        return None


class Api:
    """The routes of one coordinator, with its token."""

    def __init__(self, url, token, pin=None):
        self.url = url
        self.token = token
        self.pin = pin
        handlers = [_NoRedirect] if pin is None else [_NoRedirect, PinnedHandler(pin)]
        self._opener = urllib.request.build_opener(*handlers)

    def call(self, name, body=None, query=None, **params):
        """JSON of the route `name`. Raises TallyError with the coordinator's own code."""
        with self._open(name, body, query, params) as answer:
            data = answer.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise TallyError("PROTO_TOO_LARGE", f"the answer of {name} has more than {MAX_JSON_BYTES} bytes")
        return _json(data, name)

    def download(self, sha256, path):
        """Streams a blob into `path` and checks its SHA-256 on the way; `path` appears only when it is right."""
        digest = hashlib.sha256()
        folder = os.path.dirname(os.path.abspath(path))
        handle, draft = tempfile.mkstemp(prefix=".tally-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file, self._open("blob", None, None, {"sha256": sha256}) as answer:
                for piece in iter(lambda: answer.read(PIECE_BYTES), b""):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != sha256:
                message = f"blob {sha256} has SHA-256 {digest.hexdigest()}"
                raise TallyError("STORE_BLOB_DAMAGED", message, "Download it again; tell the operator if it repeats.")
            os.replace(draft, path)
        except BaseException:
            if os.path.exists(draft):
                os.unlink(draft)
            raise
        return path

    def _open(self, name, body, query, params):
        method, route = ROUTES[name]
        path = route.format(**{key: urllib.parse.quote(str(value), safe="") for key, value in params.items()})
        url = self.url + PREFIX + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "*/*"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method.upper())
        try:
            return self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error, url) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            message = f"{url} cannot be reached: {reason}"
            raise TallyError("NET_UNREACHABLE", message, "Check the address, and that the coordinator runs.") from error


def _json(data, name):
    try:
        return json.loads(data)
    except ValueError as error:
        raise TallyError("PROTO_MALFORMED", f"the answer of {name} is no JSON") from error


def _refusal(error, url):
    try:
        told = json.loads(error.read(1024 * 1024))["error"]
        return TallyError(told["code"], told["message"], told.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return TallyError("NET_UNREACHABLE", f"{url} answered HTTP {error.code}")
