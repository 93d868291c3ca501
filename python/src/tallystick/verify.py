"""The verifier is the command line's: this starts it and reads what it says."""

import json
import os
import shlex
import shutil
import subprocess

from .errors import AuditFailed, TallyError

MAX_STEP = 12
"""Exits 1 to 12 of `tally audit verify` name the first failed step; others mean that it could not judge."""


class Audit(list):
    """The steps. VERIFIED needs anchors of your own (`--chain`, `--as-node`, `--nodes`); without them it is CONSISTENT."""

    def __init__(self, steps, verdict, summary):
        super().__init__(steps)
        self.verdict = verdict
        self.summary = summary


def verify_run(api, number, args=(), cli=None, timeout=600):
    """The Audit of `tally audit verify <run>`. Raises AuditFailed, or TallyError when nothing could be judged."""
    command = [*_cli(cli), "audit", "verify", str(number), "--server", api.url, "--json", *map(os.fspath, args)]
    env = {**os.environ, "TALLY_TOKEN": api.token, **({"TALLY_PIN": api.pin} if api.pin else {})}
    try:
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise TallyError("AUDIT_UNAVAILABLE", f"the verifier took longer than {timeout} s") from error
    report = _last_json(ended.stdout)
    steps = report.get("steps", [])
    verdict = report.get("verdict")
    if ended.returncode == 0 and verdict in ("VERIFIED", "CONSISTENT"):
        return Audit(steps, verdict, report["summary"])
    if verdict == "FAILED" and 0 < ended.returncode <= MAX_STEP:
        raise AuditFailed(report["summary"], steps, (report.get("finding") or {}).get("round"))
    told = report.get("error") or {}
    message = told.get("message") or f"exit {ended.returncode}: {ended.stderr.strip()[-500:]}"
    raise TallyError(told.get("code", "AUDIT_UNAVAILABLE"), message, told.get("hint", ""))


def _cli(cli):
    named = cli or os.environ.get("TALLY_CLI")
    if named:
        return shlex.split(named) if isinstance(named, str) else list(named)
    found = shutil.which("tally")
    if found is None:
        hint = "Install the command line, or name it in TALLY_CLI."
        raise TallyError("AUDIT_UNAVAILABLE", "there is no program `tally` on the path", hint)
    return [found]


def _last_json(text):
    lines = text.strip().splitlines()
    try:
        value = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
