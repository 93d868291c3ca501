"""What can go wrong, each with a stable code and one thing to do."""


class TallyError(Exception):
    """An error of the coordinator or of the way to it: `code`, `message`, `hint`."""

    def __init__(self, code, message, hint=""):
        super().__init__(f"{code}: {message}" + (f"\n  -> {hint}" if hint else ""))
        self.code = code
        self.message = message
        self.hint = hint


class RunFailed(TallyError):
    """A run that ended without completing: `code` is ROUND_RUN_FAILED or ROUND_RUN_CANCELLED, `reason` says why."""

    def __init__(self, code, reason):
        super().__init__(code, reason, "See its rounds and events: `tally run show`.")
        self.reason = reason


class AuditFailed(TallyError):
    """What was published does not fit: `steps` as the verifier gave them, `failed` those that failed, `round` the first."""

    def __init__(self, summary, steps, round=None):
        super().__init__("AUDIT_FAILED", summary, "Export the bundle and keep it: `tally audit export`.")
        self.steps = steps
        self.failed = [step for step in steps if step.get("outcome") == "failed"]
        self.round = round
