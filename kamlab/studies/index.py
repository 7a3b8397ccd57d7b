"""Which studies are published, how did the last runs go, and what moved since the run before?"""

import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.manifest import read_json, read_manifests
from kamlab.studies.period import read_period
from kamlab.studies.publish import LATEST, RUN, write_whole
from kamlab.studies.rules import JUMP


@dataclass(frozen=True, slots=True)
class Change:
    """How a headline figure moved since the run before.

    Attributes
    ----------
    label : str
        The figure.
    text : str
        The change in words, such as `+3.2% (was 1,200 EUR)`.
    share : float
        Change as a share of the value before; NaN where that was zero or no number.
    jumped : bool
        Whether the change is beyond the limit.
    """

    label: str
    text: str
    share: float
    jumped: bool


def changes(
    now: dict[str, Any], before: dict[str, Any], limit: float | None = None
) -> list[Change]:
    """Compare the headline figures of two runs of a study.

    Parameters
    ----------
    now, before : dict
        Manifests.
    limit : float, optional
        Share beyond which a change is marked; else what the newer run's rules say of each figure.

    Returns
    -------
    list of Change
        For each figure that both runs state in the same unit.

    Examples
    --------
    >>> was = {"headlines": [{"label": "Sales", "value": 100, "unit": "EUR", "text": "100 EUR"}]}
    >>> now = {"headlines": [{"label": "Sales", "value": 150, "unit": "EUR", "text": "150 EUR"}]}
    >>> [(change.text, change.jumped) for change in changes(now, was)]
    [('+50.0% (was 100 EUR)', True)]
    """
    earlier = {entry["label"]: entry for entry in before.get("headlines", [])}
    found = []
    for entry in now.get("headlines", []):
        old = earlier.get(entry["label"])
        if old is None or old.get("unit") != entry.get("unit"):
            continue
        share = _share(entry.get("value"), old.get("value"))
        was = old.get("text", "")
        if entry.get("value") == old.get("value"):
            text = "unchanged"
        elif math.isnan(share):
            text = f"was {was}"
        else:
            moved = f"{share:+.1%}".replace("-", "−")
            text = f"{moved} (was {was})"
        allowed = limit or entry.get("limit") or JUMP
        found.append(Change(entry["label"], text, share, abs(share) > allowed))
    return found


def _share(value: object, old: object) -> float:
    """Give the change of a number as a share of what it was."""
    if not isinstance(value, int | float) or not isinstance(old, int | float) or not old:
        return math.nan
    return (value - old) / abs(old)


def run_before(run: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Find the run with which a run is compared.

    Parameters
    ----------
    run : dict
        Manifest of a success; empty where there is none.
    runs : list of dict
        Manifests of all runs of the study, in order of period and end.

    Returns
    -------
    dict
        On the same data: the last success on the period before, where a period was asked for; else
        on the last day before; else the one before on the same day. Empty where there is none.
    """
    if not run:
        return {}
    same = [one for one in runs if one["status"] == "success" and _about_the_same(one, run)]
    place = next((n for n, other in enumerate(same) if other["run"] == run["run"]), 0)
    same = same[:place]
    earlier = [other for other in same if str(other.get("as_of")) < str(run.get("as_of"))]
    try:
        wanted = read_period(run.get("asked_period", "")).before.as_of.isoformat()
    except UsageError:
        wanted = ""
    fits = [other for other in earlier if other.get("as_of") == wanted]
    return (fits or earlier or same or [{}])[-1]


def standing(study_folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """Find the last success of a study, the success before it, and all runs.

    Parameters
    ----------
    study_folder : Path
        `OUT/<study>`.

    Returns
    -------
    tuple of dict, dict and list of dict
        Empty dicts where there is no such run.
    """
    runs = read_manifests(study_folder)
    good = [run for run in runs if run["status"] == "success"]
    latest = next((run for run in good if run["latest"]), {})
    return latest, run_before(latest, good), runs


def _about_the_same(run: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two runs speak of the same data, and of the same account where of one."""
    one, two = (r.get("parameters", {}).get("account_id") for r in (run, other))
    return run.get("data") == other.get("data") and one == two


def study_folders(out: Path) -> list[Path]:
    """List the folders of studies in a root of published studies."""
    return sorted(path for path in out.iterdir() if path.is_dir() and path.name[0] != ".")


def write_index(out: Path) -> None:
    """Renew `OUT/index.html`; a study folder that is broken is shown as such.

    Parameters
    ----------
    out : Path
        Root of the published studies.
    """
    style = (Path(__file__).parent / "template" / "page.css").read_text(encoding="utf-8")
    sections = "".join(_section(folder) for folder in study_folders(out))
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>Studies</title>
<style>{style}</style>
</head>
<body>
<header><h1>Studies</h1></header>
<main class="index">
{_last_run(out)}{sections or "<p>Nothing is published here yet.</p>"}
</main>
<footer><p>Made by kamlab</p></footer>
</body>
</html>
"""
    write_whole(out / "index.html", page)


def _last_run(out: Path) -> str:
    """Draw a line about the last run, where it did not end well: a reader must know."""
    run = read_json(out / RUN)
    if run.get("status") in (None, "success", "running"):
        return ""
    asked = ", ".join(map(str, run.get("periods", [])))
    when = f"The last run{f' ({asked})' if asked else ''} ended {run.get('finished')}"
    said = html.escape(f"{when}: {run['status']}. {run.get('message', '')}")
    return f'<p class="bad">{said}</p>\n'


def _section(folder: Path) -> str:
    """Draw one study: its last success, what moved, a failure since, and its history."""
    latest, before, runs = standing(folder)
    if not runs:
        return ""
    name = html.escape(folder.name)
    title = html.escape(str((latest or runs[-1]).get("title", folder.name)))
    heading = f'<a href="{name}/{LATEST}/index.html">{title}</a>' if latest else title
    moved = {change.label: change for change in changes(latest, before)}
    figures = "".join(_figure(entry, moved) for entry in latest.get("headlines", []))
    decision = latest.get("decision")
    parts = [
        f'<section class="study" aria-labelledby="study-{name}">',
        f'<h2 id="study-{name}">{heading}</h2>',
        f'<p class="decision">{html.escape(decision)}</p>' if decision else "",
        _facts(latest) if latest else '<p class="bad">No run has succeeded yet.</p>',
        f'<dl class="headlines">{figures}</dl>' if figures else "",
        *[f'<p class="kam-warning">{html.escape(w)}</p>' for w in latest.get("warnings", [])],
        _failure(runs, latest),
        f"<details><summary>History of {title} ({len(runs)})</summary><ul>"
        + "".join(_line(run, folder) for run in reversed(runs))
        + "</ul></details></section>\n",
    ]
    return "\n".join(part for part in parts if part)


def period_of(run: dict[str, Any]) -> str:
    """Say which period a run speaks of."""
    if run.get("asked_period"):
        return str(run["asked_period"])
    period = run.get("period") or {}
    if period.get("start"):
        return f"{period['start']} – {period.get('end')}"
    return f"before {run['as_of']}" if run.get("as_of") else "undated"


def _seconds(run: dict[str, Any]) -> str:
    """Say how long a run took."""
    return f"{run.get('timings', {}).get('total_seconds', 0):.1f} s"


def _facts(run: dict[str, Any]) -> str:
    """Draw period, status and duration of a run."""
    facts = {
        "Status": "published",
        "Period": period_of(run),
        "As of": run.get("as_of") or "–",
        "Data": Path(str(run.get("data", ""))).name or "–",
        "Duration": _seconds(run),
        "Run": run["run"],
    }
    pairs = "".join(
        f"<div><dt>{label}</dt><dd>{html.escape(value)}</dd></div>"
        for label, value in facts.items()
    )
    return f'<dl class="facts">{pairs}</dl>'


def _figure(entry: dict[str, Any], moved: dict[str, Change]) -> str:
    """Draw one headline figure and how it moved."""
    change = moved.get(entry["label"])
    note = ""
    if change:
        mark = ' class="bad"' if change.jumped else ""
        said = f"{change.text}, beyond the limit" if change.jumped else change.text
        note = f"<dd><small{mark}>{html.escape(said)}</small></dd>"
    label, text = html.escape(entry["label"]), html.escape(str(entry.get("text", "")))
    return f"<div><dt>{label}</dt><dd>{text}</dd>{note}</div>"


def _failure(runs: list[dict[str, Any]], latest: dict[str, Any]) -> str:
    """Draw the last failure, if it came after the last success."""
    since = latest.get("timings", {}).get("finished", "")
    failed = [
        run
        for run in runs
        if run["status"] not in ("success", "broken")
        and run["timings"].get("finished", "") >= since
    ]
    if not failed:
        return ""
    last = max(failed, key=lambda run: run["timings"].get("finished", ""))
    message = html.escape(str((last.get("error") or {}).get("message", "")))
    return f'<p class="bad">The last run {html.escape(last["status"])}: {message}</p>'


def _line(run: dict[str, Any], folder: Path) -> str:
    """Draw one line of the history."""
    place = html.escape(f"{folder.name}/{run['folder'].relative_to(folder)}")
    page = "index.html" if run["status"] == "success" else "manifest.json"
    said = f"{run['status']}, {period_of(run)}, {_seconds(run)}"
    if run["status"] == "broken":
        return f"<li>{html.escape(run['run'])}: broken</li>"
    return f'<li><a href="{place}/{page}">{html.escape(run["run"])}</a>: {html.escape(said)}</li>'
