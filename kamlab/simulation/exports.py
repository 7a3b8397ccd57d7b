"""In what shape does each channel export its data? Six formats, six vocabularies, one mapping.

=============  =========================================================================
channel        contacts and interactions as exported
=============  =========================================================================
sales centre   one Excel workbook, two sheets
telephone      CSV with semicolons in GB18030, Chinese headings, dates as 2024/03/05
call centre    CSV with semicolons, decimal comma, German headings, dates as 05.03.2024
e-mail         JSON lines
website        Parquet
seminar        CSV with commas and a byte order mark
=============  =========================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

_CONTACTS = "contact_id|account_id|name|gender|birth_date|occupation|address|phone|email|company"
_INTERACTIONS = (
    "interaction_id|occurred_at|account_id|contact_id|name|phone|email|topic|concern|sentiment"
)


@dataclass(frozen=True, slots=True)
class Export:
    """How a channel exports.

    Attributes
    ----------
    channel : its canonical name.
    contacts, interactions : names of the columns between bars, in the order of the canonical ones.
    settings : lines of the mapping beside file and columns.
    files : names of the two files.
    """

    channel: str
    contacts: str
    interactions: str
    settings: dict[str, str]
    files: tuple[str, str]


EXPORTS = (
    Export(
        "sales centre",
        "Contact No|Customer No|Name|Gender|Born|Position|Address|Telephone|E-mail|Company",
        "Visit No|Date|Customer No|Contact No|Name|Telephone|E-mail|Subject|Remark|Mood",
        {},
        ("sales_centre.xlsx", "sales_centre.xlsx"),
    ),
    Export(
        "telephone",
        "联系人编号|客户号|姓名|性别|出生日期|职务|地址|电话|邮箱|公司",
        "记录号|日期|客户号|联系人编号|姓名|电话|邮箱|主题|关注点|情绪",
        {"encoding": "gb18030", "delimiter": ";", "date_format": "%Y/%m/%d"},
        ("telephone_contacts.csv", "telephone_calls.csv"),
    ),
    Export(
        "call centre",
        "Kontaktnr|Kundennr|Name|Geschlecht|Geburtsdatum|Funktion|Anschrift|Telefon|E-Mail|Firma",
        "Vorgang|Datum|Kundennr|Kontaktnr|Name|Telefon|E-Mail|Thema|Anliegen|Stimmung",
        {"delimiter": ";", "decimal": ",", "date_format": "%d.%m.%Y"},
        ("call_centre_contacts.csv", "call_centre_tickets.csv"),
    ),
    Export(
        "e-mail",
        "id|customer|display_name|sex|born|title|postal|phone|from|organisation",
        "message_id|date|customer|contact|display_name|phone|from|subject|text|tone",
        {},
        ("email_addresses.jsonl", "email_messages.jsonl"),
    ),
    Export(
        "website",
        "user_id|account|full_name|gender|birthday|job|street|mobile|login|firm",
        "event_id|day|account|user_id|full_name|mobile|login|page|message|score",
        {},
        ("website_users.parquet", "website_events.parquet"),
    ),
    Export(
        "seminar",
        "badge|customer_no|participant|form of address|date of birth|profession|city and street"
        "|phone number|mail|employer",
        "entry|held on|customer_no|badge|participant|phone number|mail|kind|question asked|rating",
        {},
        ("seminar_participants.csv", "seminar_questions.csv"),
    ),
)


def write_channels(
    folder: Path, contacts: pd.DataFrame, interactions: pd.DataFrame
) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Write contacts and interactions as the six channels export them.

    Parameters
    ----------
    folder : Path
        Exists.
    contacts, interactions : pandas.DataFrame
        Canonical, contacts with the further column company.

    Returns
    -------
    list of (table, settings, columns)
        What the mapping file must say about each file; settings hold file and channel too.
    """
    sections = []
    for export in EXPORTS:
        frames = []
        for table, frame, canonical, own, file, sheet in (
            ("contacts", contacts, _CONTACTS, export.contacts, export.files[0], "Contacts"),
            (
                "interactions",
                interactions,
                _INTERACTIONS,
                export.interactions,
                export.files[1],
                "Visits",
            ),
        ):
            names, own_names = canonical.split("|"), own.split("|")
            mine = frame[frame["channel"] == export.channel]
            frames.append(mine[names].set_axis(own_names, axis=1))
            settings = {"file": file, "channel": export.channel} | export.settings
            if file.endswith(".xlsx"):
                settings["sheet"] = sheet
            columns = dict(zip(names, own_names, strict=True))
            sections.append((table, settings, columns))
        _WRITERS[export.channel]([folder / name for name in export.files], frames)
    return sections


def _with_text_dates(frame: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Write the dates of a frame as text."""
    dates = frame.select_dtypes("datetime").columns
    return frame.assign(**{name: frame[name].dt.strftime(pattern) for name in dates})


def _workbook(paths: list[Path], frames: list[pd.DataFrame]) -> None:
    """Write both frames as sheets of one workbook; text that looks like a formula stays text."""
    from openpyxl import Workbook  # type: ignore[import-untyped]
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    # a workbook states when it was made; the same seed must give the same file
    book.properties.created = book.properties.modified = pd.Timestamp("2026-01-01").to_pydatetime()
    for title, frame in zip(("Contacts", "Visits"), frames, strict=True):
        sheet = book.create_sheet(title)
        sheet.append(list(frame.columns))
        for start in range(0, len(frame), 10_000):
            part = _with_text_dates(frame.iloc[start : start + 10_000], "%Y-%m-%d").astype(object)
            for row in part.where(part.notna(), None).itertuples(index=False, name=None):
                cells = list(row)
                for place, value in enumerate(row):
                    if isinstance(value, str) and value.startswith("="):
                        cells[place] = WriteOnlyCell(sheet, value)
                        cells[place].data_type = "s"
                sheet.append(cells)
    book.save(paths[0])


def _csv(pattern: str, **options: str) -> Callable[[list[Path], list[pd.DataFrame]], None]:
    """Make a writer of CSV files."""

    def write(paths: list[Path], frames: list[pd.DataFrame]) -> None:
        for path, frame in zip(paths, frames, strict=True):
            _with_text_dates(frame, pattern).to_csv(path, index=False, **options)

    return write


def _json_lines(paths: list[Path], frames: list[pd.DataFrame]) -> None:
    """Write one JSON object a line."""
    for path, frame in zip(paths, frames, strict=True):
        _with_text_dates(frame, "%Y-%m-%d").to_json(
            path, orient="records", lines=True, force_ascii=False
        )


def _parquet(paths: list[Path], frames: list[pd.DataFrame]) -> None:
    """Write Parquet files."""
    for path, frame in zip(paths, frames, strict=True):
        frame.reset_index(drop=True).to_parquet(path, index=False)


_WRITERS: dict[str, Callable[[list[Path], list[pd.DataFrame]], None]] = {
    "sales centre": _workbook,
    "telephone": _csv("%Y/%m/%d", sep=";", encoding="gb18030"),
    "call centre": _csv("%d.%m.%Y", sep=";", decimal=","),
    "e-mail": _json_lines,
    "website": _parquet,
    "seminar": _csv("%Y-%m-%d", encoding="utf-8-sig"),
}
