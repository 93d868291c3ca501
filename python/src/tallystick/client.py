"""A coordinator, as a researcher uses it."""

import os

from .api import Api
from .frames import frame
from .login import resolve
from .run import Run


def connect(url=None, token=None, pin=None):
    """The coordinator of `url`, TALLY_URL or `tally login`; `pin` is its public key where no authority vouches for it.

    Nothing is asked of it yet."""
    return Client(Api(*resolve(url, token, pin)))


class Client:
    """Launches runs and finds them again."""

    def __init__(self, api):
        self._api = api

    @property
    def url(self):
        return self._api.url

    def launch(self, spec, pot=0, **options):
        """Starts a run. `spec` is a path of a run.yaml or its text; `options` as LaunchRequest of the API has them."""
        body = {"spec": _text_of(spec), "pot": str(int(pot)), **options}
        return Run(self._api, self._api.call("launch", body=body))

    def run(self, number):
        """The run of this number."""
        return Run(self._api, self._api.call("run", run=int(number)))

    def runs(self):
        """All runs: one row each."""
        return frame(self._api.call("runs")["runs"])

    def __repr__(self):
        return f"<tallystick.Client {self.url}>"


def _text_of(spec):
    """Text with a line break is a spec; anything else is a path."""
    if isinstance(spec, str) and "\n" in spec:
        return spec
    with open(os.fspath(spec), encoding="utf-8") as file:
        return file.read()
