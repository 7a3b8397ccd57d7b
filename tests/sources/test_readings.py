"""Numbers, days and encodings are read right or asked about; they are never read wrong."""

import codecs
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kamlab.errors import DataRefusedError
from kamlab.sources import encodings, open_data, sql
from kamlab.sources.readers import read_file

QUIET = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MARKS = {
    "point": ".", "comma": ",", "grouped point": ",.", "grouped comma": ".,",
    "space comma": "\u202f,", "apostrophe point": "'.",
}  # fmt: skip


def _written(value: float, marks: str, digits: int) -> str:
    """Write a number as people do in one country."""
    plain = f"{value:,.{digits}f}" if len(marks) == 2 else f"{value:.{digits}f}"
    group, decimal = marks if len(marks) == 2 else ("", marks)
    return plain.replace(",", "G").replace(".", decimal).replace("G", group)


@QUIET
@given(
    values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8),
    marks=st.sampled_from(sorted(MARKS)),
    digits=st.integers(0, 4),
)
def test_amounts_are_read_as_written_or_asked_about(values, marks, digits, folder, store):
    rounded = [float(f"{value:.{digits}f}") for value in values]
    rows = [
        f"A{n};{n};2024-01-31;{_written(value, MARKS[marks], digits)}"
        for n, value in enumerate(values)
    ]
    text = "\n".join(["account_id;order_id;order_date;net_sales", *rows]) + "\n"
    data = folder({"orders.csv": text})
    try:
        sources = open_data(data, store=store)
    except DataRefusedError as error:
        # only thousands without decimals, or three digits after the mark, may be asked about
        asked = error
    else:
        asked = None
    if asked:
        assert "decimal = " in str(asked)
        assert digits in (0, 3)
        return
    kept = sources.frame("orders").set_index("account_id")["net_sales"]
    assert all(kept[f"A{n}"] == value for n, value in enumerate(rounded) if f"A{n}" in kept.index)
    assert sources.refused.empty


@QUIET
@given(
    days=st.lists(st.dates(date(2015, 1, 1), date(2023, 12, 31)), min_size=1, max_size=6),
    style=st.sampled_from(
        ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d",
         "%Y/%m/%d", "%d %b %Y", "%B %d %Y", "%Y年%m月%d日", "%Y-%m-%dT%H:%M:%S"]
    ),
)  # fmt: skip
def test_days_are_read_as_written_or_asked_about(days, style, folder, store):
    rows = [f"A{n},{n},{day.strftime(style)},1" for n, day in enumerate(days)]
    text = "\n".join(["account_id,order_id,order_date,net_sales", *rows]) + "\n"
    data = folder({"orders.csv": text})
    open_style = style in ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
    if open_style and all(day.day <= 12 for day in days) and any(d.day != d.month for d in days):
        with pytest.raises(DataRefusedError, match="date_format"):
            open_data(data, store=store)
        return
    kept = open_data(data, store=store).frame("orders").set_index("account_id")["order_date"]

    assert [kept[f"A{n}"].date() for n in range(len(days))] == days


WORDS = {
    "German": ["Müller", "Jäger", "Größe", "Weiß", "Über", "Straße", "Köln", "Bär"],
    "French": ["société", "Hélène", "garçon", "modèle", "Noël", "château", "façade", "été"],
    "Polish": ["Łódź", "Kraków", "Gdańsk", "spółka", "źródło", "część", "żółw", "Wrocław"],
    "Czech": ["Plzeň", "Škoda", "Třinec", "Jiří", "město", "Dvořák", "příští", "šťáva"],
    "Russian": ["Москва", "завод", "упаковка", "Общество", "плёнка", "цена", "Сибирь", "ООО"],
    "Chinese": ["上海包装", "北京印刷有限公司", "广州", "深圳市", "薄膜", "标签", "包装袋", "客户"],
    "Traditional": ["臺北包裝", "標籤公司", "客戶", "薄膜", "香港", "印刷廠", "價格", "訂單"],
    "Japanese": ["東京包装", "ラベル", "株式会社", "大阪", "フィルム", "お客様", "印刷", "価格"],
    "Greek": ["Αθήνα", "εταιρεία", "πελάτης", "τιμή", "Θεσσαλονίκη", "ετικέτα", "φιλμ", "Πάτρα"],
}  # fmt: skip
ENCODED = [
    ("German", "latin-1"), ("German", "cp1252"), ("German", "utf-8"),
    ("German", "utf-16"), ("French", "cp1252"), ("French", "utf-8"),
      ("Polish", "utf-8"), ("Russian", "cp1251"),
    ("Russian", "koi8-r"), ("Russian", "utf-8"), ("Chinese", "gb18030"), ("Chinese", "utf-8"),
    ("Chinese", "utf-16-le"), ("Traditional", "big5"), ("Traditional", "utf-8"),
    ("Japanese", "shift-jis"), ("Japanese", "euc-jp"), ("Japanese", "utf-8"), ("Greek", "cp1253"),
    ("Greek", "utf-16"),
]  # fmt: skip


@QUIET
@given(data=st.data())
@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_texts_are_decoded_as_written_or_asked_about(language, encoding, data, tmp_path):
    words = st.lists(st.sampled_from(WORDS[language]), min_size=1, max_size=30)
    text = "".join(f"A{n},{word} GmbH,12.50\n" for n, word in enumerate(data.draw(words)))
    path = tmp_path / "names.csv"
    whole = "id,name,amount\n" + text
    path.write_bytes(whole.encode(encoding))
    try:
        found = encodings.detect(path, "names.csv")
    except DataRefusedError:
        # only what is in a rarer encoding, or in too few signs, may be asked about
        assert codecs.lookup(encoding).name not in ("utf-8", "utf-16", "utf-16-le")
        return
    assert path.read_text(encoding=found) == whole


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("German", "latin-1"), ("French", "cp1252"), ("Chinese", "gb18030")],
)
def test_the_common_encodings_are_known_without_asking(language, encoding, tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("\n".join(WORDS[language]), encoding=encoding)

    assert path.read_text(encoding=encodings.detect(path, "names.csv")).split() == WORDS[language]


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("German", "cp850"), ("Polish", "cp1250"), ("Russian", "cp1251"), ("Japanese", "euc-jp")],
)
def test_the_rarer_encodings_are_asked_about(language, encoding, tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("\n".join(WORDS[language]), encoding=encoding)

    with pytest.raises(DataRefusedError, match=r"names\.csv: the encoding is not sure"):
        encodings.detect(path, "names.csv")


ROWS = st.lists(
    st.lists(
        st.text(
            st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6
        ),
        min_size=3, max_size=3,
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@QUIET
@given(rows=ROWS)
@example(rows=[["", "", "\x0c"]])
@example(rows=[["a", "", ""], ["", "\t", ""]])
def test_duckdb_and_python_split_lines_alike(rows, tmp_path):
    """What is staged by DuckDB where lines are regular equals what Python's csv stages."""
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    text = "\n".join(["a,b,c", *quoted]) + "\n"
    staged = []
    # a line above the header sends the same lines through Python
    for name, content, options in (("d", text, {}), ("p", "title\n" + text, {"skip": 1})):
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8", newline="")
        room = tmp_path / name
        room.mkdir(exist_ok=True)
        with sql.connect(room) as connection:
            raw = read_file(
                connection,
                tmp_path / f"{name}.csv",
                name,
                options | {"delimiter": ","},
                set(),
                room,
            )
            filled = "coalesce(nullif(trim(a), ''), nullif(trim(b), ''), nullif(trim(c), ''))"
            staged.append(
                connection.execute(
                    f"SELECT a, b, c, _row - {len(options)}, _bad FROM {raw.relation} "
                    f"WHERE {filled} IS NOT NULL ORDER BY _row"
                ).fetchall()
            )
    assert staged[0] == staged[1]
