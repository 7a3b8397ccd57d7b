"""How did one study of a run end?"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one study ended.

    Attributes
    ----------
    study, run, status, message : str
        Status is success, incomplete (published, but some of its pages failed), failed, refused,
        usage, timed out, stopped or skipped.
    folder : Path
        Where page and manifest, or only the manifest of a failure, are kept.
    seconds, notebook_seconds : float
        How long it took, and its cells of that.
    period : str
        Month, quarter or year that was asked for.
    """

    study: str
    run: str
    status: str
    message: str
    folder: Path
    seconds: float
    notebook_seconds: float = 0.0
    period: str = ""
