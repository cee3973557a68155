"""What can be done with analyses: asked for, computed, waited for, cancelled, repeated."""

from analyses.services.computing import TASK, TRIES, execute, sweep
from analyses.services.living import renew_live
from analyses.services.requests import cancel, delete, request_analysis, rerun, set_live, wait

__all__ = (
    "TASK",
    "TRIES",
    "cancel",
    "delete",
    "execute",
    "renew_live",
    "request_analysis",
    "rerun",
    "set_live",
    "sweep",
    "wait",
)
