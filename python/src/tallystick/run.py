"""One run."""

import time

from .bar import Bar, html_of, line_of
from .errors import AuditFailed, RunFailed, TallyError
from .frames import frame, node_rows, round_rows
from .verify import verify_run

POLL_S = 0.5
MAX_SILENCE_S = 60
"""A coordinator that does not answer for so long is reported."""


class Run:
    """A run, by its number. Properties show the view of the last question; `refresh()` asks again."""

    def __init__(self, api, view):
        self._api = api
        self._view = view
        self._verified = {}

    @property
    def number(self):
        return self._view["run"]

    @property
    def name(self):
        return self._view["name"]

    @property
    def status(self):
        return self._view["status"]

    @property
    def view(self):
        """The API's own answer."""
        return self._view

    def refresh(self):
        """Asks the coordinator; returns the run."""
        self._view = self._api.call("run", run=self.number)
        return self

    def stop(self):
        """Stops it; closed rounds stay."""
        self._view = self._api.call("stop", body={}, run=self.number)
        return self

    def wait(self, timeout=None, progress=True):
        """Follows the run to its end. Raises RunFailed, TimeoutError, and NET_* after a minute of silence."""
        bar = Bar() if progress else None
        started = heard = time.monotonic()
        try:
            while True:
                try:
                    self.refresh()
                    heard = time.monotonic()
                except TallyError as error:
                    if error.code != "NET_UNREACHABLE" or time.monotonic() - heard > MAX_SILENCE_S:
                        raise
                if bar:
                    bar.show(self._view)
                if self._view["endedAtMs"] is not None:
                    break
                if timeout is not None and time.monotonic() - started > timeout:
                    raise TimeoutError(f"run {self.number} is {self.status} after {timeout} s")
                time.sleep(POLL_S)
        finally:
            if bar:
                bar.close()
        if self.status != "completed":
            code = "ROUND_RUN_CANCELLED" if self.status == "cancelled" else "ROUND_RUN_FAILED"
            raise RunFailed(code, self._view["reason"] or self.status)
        return self

    def rounds(self):
        """Closed rounds, all of them: round, loss, test metrics, weight, seconds, header, verified."""
        return frame(round_rows(self._rounds(), self._verified.get))

    def nodes(self):
        """Round × site: what each site measured on its own test rows."""
        names = {view["node"]: view["name"] for view in self._api.call("nodes")["nodes"]}
        return frame(node_rows(self._rounds(), names))

    def model(self, which="best", path="model.safetensors"):
        """Downloads the model "best", "last" or after a round's number; its SHA-256 is checked. Returns the path."""
        return self._api.download(self._model_id(which), path)

    def tensors(self, which="best", path="model.safetensors"):
        """The same, opened: name → numpy array. Needs the extra `safetensors`."""
        from safetensors.numpy import load_file

        return load_file(self.model(which, path))

    def verify(self, *args, cli=None, timeout=600):
        """Recomputes the run with `tally audit verify`: its steps. Raises AuditFailed. `args` are more words for it."""
        committed = [view["round"] for view in self._rounds() if view["commit"] is not None]
        try:
            audit = verify_run(self._api, self.number, args, cli=cli, timeout=timeout)
        except AuditFailed as failure:
            self._verified = {} if failure.round is None else {failure.round: "FAILED"}
            raise
        self._verified = dict.fromkeys(committed, audit.verdict)
        return audit

    def _model_id(self, which):
        self.refresh()
        if which == "last":
            return self._view["model"]
        if which == "best":
            if self._view["best"] is None:
                hint = 'Take model("last"), or wait for another round.'
                raise TallyError("MODEL_NONE_BEST", f"no site of run {self.number} measured a loss yet", hint)
            return self._view["best"]["model"]
        if isinstance(which, bool) or not isinstance(which, int):
            raise TallyError("USAGE_INVALID", f"{which!r} is no model", 'Say "best", "last" or a round.')
        page = self._api.call("rounds", query={"from": which, "limit": 1}, run=self.number)["rounds"]
        if not page or page[0]["round"] != which:
            raise TallyError("USAGE_UNKNOWN_ROUND", f"run {self.number} has no round {which}", "See run.rounds().")
        return page[0]["modelAfter"]

    def _rounds(self):
        rounds = []
        while True:
            page = self._api.call("rounds", query={"from": len(rounds)}, run=self.number)["rounds"]
            if not page:
                return rounds
            rounds.extend(page)

    def __repr__(self):
        return f"<{line_of(self._view)}>"

    def _repr_html_(self):
        return html_of(self._view)
