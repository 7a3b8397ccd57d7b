"""What stands above the pages that one run made for many accounts: their list, and their tables."""

import html
from typing import Any

import pandas as pd

from kamlab.studies.checks import check_page
from kamlab.studies.notebook import Study
from kamlab.studies.page import asset
from kamlab.studies.publish import write_whole
from kamlab.studies.translate import said as said_in
from kamlab.studies.words import words
from kamlab.studies.worker import Job

PAGES = "pages"


def failure(status: str, message: str) -> dict[str, Any]:
    """Say what stopped a page or a run, as a study's process does."""
    return {"status": status, "message": message, "cell": "", "traceback": ""}


def list_pages(job: Job, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Write what stands above the pages: their list, their tables as one, and the record.

    Parameters
    ----------
    job : Job
        The run; its folder holds the pages that succeeded.
    rows : list of dict
        One a page: `key`, `folder`, `record` (what its notebook handed over), `seconds` and
        `message` (what went wrong, or empty).

    Returns
    -------
    dict
        `error`, `warnings`, `each` and `page_bytes` of the manifest.
    """
    made = [row for row in rows if not row["message"]]
    failed = [row for row in rows if row["message"]]
    messages = {row["key"]: row["message"] for row in failed}
    told = {"made": len(made), "failed": list(messages), "messages": messages}
    result: dict[str, Any] = {"error": None, "warnings": [], "each": told}
    if failed and not made:
        said = f"no page could be made: {failed[0]['message']}"
        return result | {"error": failure("failed", said)}
    first = made[0]["record"].get("about", {}) if made else {"as_of": job.parameters.get("as_of")}
    about = {k: v for k, v in first.items() if k != "title"}
    study = Study(job.study, out=str(job.folder))
    study.about(**about)
    listing = pd.DataFrame(
        [
            {
                job.each[0]: row["key"],
                "title": row["record"].get("about", {}).get("title"),
                "folder": f"{PAGES}/{row['folder']}" if not row["message"] else None,
                "decision": row["record"].get("decision"),
                "seconds": row["seconds"],
                "message": row["message"],
            }
            for row in rows
        ]
    )
    if not rows:
        study.warn("The list of accounts is empty: there is nothing to make a page for.")
        columns = [job.each[0], "title", "folder", "decision", "seconds", "message"]
        listing = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    study.table(PAGES, listing)
    names = dict.fromkeys(t["name"] for row in made for t in row["record"].get("tables", []))
    for name in names:
        study.table(name, _together(job, made, name))
    study.record["headlines"] = []
    if made:
        study.record["decision"] = f"The first of {len(rows)}: {made[0]['record'].get('decision')}"
    study.headline("Pages", len(made), f"of {len(rows)}", ",.0f")
    if failed:
        study.warn(
            f"{len(failed)} of {len(rows)} pages failed: "
            + "; ".join(f"{key}: {message}" for key, message in list(messages.items())[:5])
        )
    page = _list_page(job, rows)
    problems = check_page(page)
    if problems:
        return result | {"error": failure("failed", problems[0].message)}
    write_whole(job.folder / "index.html", page)
    return result | {"page_bytes": len(page.encode())}


def _together(job: Job, made: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """Put one table of all pages together, each row with its page's key."""
    parts = []
    for row in made:
        path = job.folder / PAGES / row["folder"] / "tables" / f"{name}.parquet"
        if path.is_file():
            part = pd.read_parquet(path)
            if job.each[0] not in part:
                part.insert(0, job.each[0], row["key"])
            parts.append(part)
    filled = [part for part in parts if len(part)] or parts[:1]
    return pd.concat(filled, ignore_index=True)


def _list_page(job: Job, rows: list[dict[str, Any]]) -> str:
    """Draw the list of pages: a link, the decision and the headline figures of each."""
    said = words(job.language)
    labels = list(
        dict.fromkeys(h["label"] for row in rows for h in row["record"].get("headlines", []))
    )
    heads = "".join(
        f'<th scope="col">{html.escape(said_in(head, job.language))}</th>'
        for head in (said["page"], *labels, said["what_to_do"])
    )
    body = "".join(_list_row(row, labels, job.language) for row in rows)
    trade = (
        f'<dl class="facts"><div><dt>{said["industry"]}</dt><dd>'
        f"{html.escape(job.industry['name'])} · {job.industry['sha256'][:8]}</dd></div></dl>"
        if job.industry
        else ""
    )
    title, as_of = html.escape(job.title), html.escape(str(job.parameters.get("as_of", "")))
    return f"""<!DOCTYPE html>
<html lang="{html.escape(job.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{title}{f" · {as_of}" if as_of else ""}</title>
<style>{asset("page.css")}</style>
</head>
<body>
<header><p class="up"><a href="../../index.html">{said["all"]}</a></p><h1>{title}</h1>
<p class="purpose">{html.escape(job.purpose)}</p>{trade}</header>
<main class="index"><div class="scroll" tabindex="0" role="region" aria-label="{title}">
<table><caption>{said["pages"].format(count=f"{len(rows):,}")}</caption>
<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>
<p class="files"><a href="tables/{PAGES}.csv">{PAGES}.csv</a></p></main>
<footer><p>{said["made"]} · <a href="manifest.json">manifest.json</a></p></footer>
</body>
</html>
"""


def _list_row(row: dict[str, Any], labels: list[str], language: str) -> str:
    """Draw one line of the list."""
    record = row["record"]
    title = html.escape(said_in(str(record.get("about", {}).get("title") or row["key"]), language))
    if row["message"]:
        failed = f'<td class="bad" colspan="{len(labels) + 1}">{html.escape(row["message"])}</td>'
        return f"<tr><td>{title}</td>{failed}</tr>\n"
    said = {h["label"]: str(h["text"]) for h in record.get("headlines", [])}
    cells = "".join(f"<td>{html.escape(said.get(label, '–'))}</td>" for label in labels)
    link = f'<a href="{PAGES}/{html.escape(row["folder"])}/index.html">{title}</a>'
    decision = html.escape(said_in(record.get("decision") or "", language))
    return f"<tr><td>{link}</td>{cells}<td>{decision}</td></tr>\n"
