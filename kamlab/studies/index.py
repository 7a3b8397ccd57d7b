"""Which studies are published, how did the last runs go, and what moved since the run before?"""

import datetime as dt
import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.manifest import read_json, read_manifests
from kamlab.studies.period import Period, read_period
from kamlab.studies.publish import LATEST, RUN, write_whole
from kamlab.studies.rules import JUMP
from kamlab.studies.translate import is_english
from kamlab.studies.translate import said as said_in
from kamlab.studies.words import LANGUAGES, date_text, span_text, words


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
    now: dict[str, Any],
    before: dict[str, Any],
    limit: float | None = None,
    *,
    language: str = "en",
) -> list[Change]:
    """Compare the headline figures of two runs of a study.

    Parameters
    ----------
    now, before : dict
        Manifests.
    limit : float, optional
        Share beyond which a change is marked; else what the newer run's rules say of each figure.
    language : str, default "en"
        Of the words.

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
    found, said = [], words(language)
    for entry in now.get("headlines", []):
        old = earlier.get(entry["label"])
        if old is None or old.get("unit") != entry.get("unit"):
            continue
        share = _share(entry.get("value"), old.get("value"))
        was = old.get("text", "")
        if entry.get("value") == old.get("value"):
            text = said["unchanged"]
        elif math.isnan(share):
            text = said["was"].format(value=was)
        else:
            moved = f"{share:+.1%}".replace("-", "−")
            text = said["moved"].format(share=moved, value=was)
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
        asked = read_period(run.get("asked_period", ""))
        seen = Period(dt.date.fromisoformat(str(run.get("as_of"))), asked.months)
        wanted = seen.before.start.isoformat()
    except (UsageError, ValueError):
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
    # what reads most of the others is what to read first: the summary for management
    folders = sorted(study_folders(out), key=lambda one: -len(standing(one)[0].get("needs", {})))
    language = _language(folders)
    said = words(language)
    sections = "".join(_section(folder, language) for folder in folders)
    page = f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{said["studies"]}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{said["studies"]}</h1></header>
<main class="index">
{_last_run(out, said)}{sections or f"<p>{said['nothing']}</p>"}
</main>
<footer><p>{said["made"]}</p></footer>
</body>
</html>
"""
    write_whole(out / "index.html", page)


def _language(folders: list[Path]) -> str:
    """Give the language of the pages, which is that of the newest one."""
    latest = [standing(folder)[0] for folder in folders]
    newest = max(latest, key=lambda run: str(run.get("timings", {}).get("finished")), default={})
    code = str(newest.get("language", "en"))
    return code if code in LANGUAGES else "en"


def _last_run(out: Path, said: dict[str, str]) -> str:
    """Draw a line about the last run, where it did not end well: a reader must know."""
    run = read_json(out / RUN)
    if run.get("status") in (None, "success", "running"):
        return ""
    asked = ", ".join(map(str, run.get("periods", [])))
    status = said.get(str(run["status"]), str(run["status"]))
    how = said["last_run_of" if asked else "last_run"]
    line = how.format(asked=asked, when=run.get("finished"), status=status)
    return f'<p class="bad">{html.escape(line)} {html.escape(str(run.get("message", "")))}</p>\n'


def _section(folder: Path, language: str) -> str:
    """Draw one study: its last success, what moved, a failure since, and its history."""
    latest, before, runs = standing(folder)
    if not runs:
        return ""
    said = words(language)
    name = html.escape(folder.name)
    title = html.escape(str((latest or runs[-1]).get("title", folder.name)))
    heading = f'<a href="{name}/{LATEST}/index.html">{title}</a>' if latest else title
    moved = {change.label: change for change in changes(latest, before, language=language)}
    figures = "".join(_figure(entry, moved, language) for entry in latest.get("headlines", []))
    decision = latest.get("decision")
    history = said["history"].format(title=title, count=len(runs))
    parts = [
        f'<section class="study" aria-labelledby="study-{name}">',
        f'<h2 id="study-{name}">{heading}</h2>',
        _paragraph("decision", decision, language) if decision else "",
        _facts(latest, language) if latest else f'<p class="bad">{said["never"]}</p>',
        f'<dl class="headlines">{figures}</dl>' if figures else "",
        *[_paragraph("kam-warning", text, language) for text in latest.get("warnings", [])],
        _failure(runs, latest, said),
        f"<details><summary>{history}</summary><ul>"
        + "".join(_line(run, folder, language) for run in reversed(runs))
        + "</ul></details></section>\n",
    ]
    return "\n".join(part for part in parts if part)


def _paragraph(kind: str, text: str, language: str) -> str:
    """Draw what a study said; what stays in the notebook's language is marked as such."""
    shown = said_in(text, language)
    own = ' lang="en"' if language != "en" and is_english(shown) else ""
    return f'<p class="{kind}"{own}>{html.escape(shown)}</p>'


def period_of(run: dict[str, Any], language: str = "en") -> str:
    """Say which period a run speaks of."""
    if run.get("asked_period"):
        return str(run["asked_period"])
    period, said = run.get("period") or {}, words(language)
    span = span_text(period.get("start"), period.get("end"), language)
    if span:
        return span
    day = date_text(str(run.get("as_of") or ""), language)
    return said["before"].format(day=day) if day else said["undated"]


def _seconds(run: dict[str, Any], said: dict[str, str]) -> str:
    """Say how long a run took."""
    seconds = run.get("timings", {}).get("total_seconds", 0)
    return said["seconds"].format(seconds=f"{seconds:.1f}")


def _facts(run: dict[str, Any], language: str) -> str:
    """Draw period, status and duration of a run."""
    said = words(language)
    facts = {
        "status": said["success"],
        "period": period_of(run, language),
        "as_of": date_text(str(run.get("as_of") or "–"), language),
        "data": Path(str(run.get("data", ""))).name or "–",
        "currency": str(run.get("currency") or "–"),
        "duration": _seconds(run, said),
        "run": run["run"],
    }
    pairs = "".join(
        f"<div><dt>{said[name]}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{pairs}</dl>'


def _figure(entry: dict[str, Any], moved: dict[str, Change], language: str) -> str:
    """Draw one headline figure and how it moved."""
    change, label = moved.get(entry["label"]), entry["label"]
    note = ""
    if change:
        mark = ' class="bad"' if change.jumped else ""
        beyond = words(language)["beyond"].format(change=change.text)
        shown = html.escape(beyond if change.jumped else change.text)
        note = f"<dd><small{mark}>{shown}</small></dd>"
    label, text = html.escape(said_in(label, language)), html.escape(str(entry.get("text", "")))
    return f"<div><dt>{label}</dt><dd>{text}</dd>{note}</div>"


def _failure(runs: list[dict[str, Any]], latest: dict[str, Any], said: dict[str, str]) -> str:
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
    message = str((last.get("error") or {}).get("message", ""))
    status = said.get(last["status"], last["status"])
    line = said["last_failed"].format(status=status, message=message)
    return f'<p class="bad">{html.escape(line)}</p>'


def _line(run: dict[str, Any], folder: Path, language: str) -> str:
    """Draw one line of the history."""
    said = words(language)
    status = said.get(run["status"], run["status"])
    if run["status"] == "broken":
        return f"<li>{html.escape(run['run'])}: {status}</li>"
    place = html.escape(f"{folder.name}/{run['folder'].relative_to(folder)}")
    page = "index.html" if run["status"] == "success" else "manifest.json"
    line = html.escape(f"{status}, {period_of(run, language)}, {_seconds(run, said)}")
    return f'<li><a href="{place}/{page}">{html.escape(run["run"])}</a>: {line}</li>'
