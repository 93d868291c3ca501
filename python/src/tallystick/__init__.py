"""tallystick: launch, watch, read and verify federated runs. Standard library only; pandas is used when it is there."""

from .client import Client, connect
from .errors import AuditFailed, RunFailed, TallyError
from .run import Run

__all__ = ["AuditFailed", "Client", "Run", "RunFailed", "TallyError", "connect"]
