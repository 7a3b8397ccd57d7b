"""A mapping says what it means, or is refused with the nearest right word."""

import pytest

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import open_data
from kamlab.sources.mapping import read_mapping
from kamlab.sources.schema import TABLES

ORDERS = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10\n"
BLOCK = '[[orders]]\nfile = "orders.csv"\n'
SURVEY = '[[survey_responses]]\nfile = "survey.csv"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('curency = "EUR"\n' + BLOCK, "unknown key 'curency'. Did you mean 'currency'"),
        ('[[order]]\nfile = "x"\n', "unknown key 'order'. Did you mean 'orders'"),
        (BLOCK + 'delimeter = ";"\n', "number 1 of kamlab.toml: unknown key 'delimeter'.*delimit"),
        (BLOCK + 'columns = { net_sale = "x" }\n', "columns: unknown key 'net_sale'.*'net_sales'"),
        ('[[orders]]\nencoding = "utf-8"\n', "exactly one of file, sql, database or url_env"),
        (BLOCK + 'sql = "SELECT 1"\n', "exactly one of.*found file and sql"),
        ('[[orders]]\nurl_env = "DB"\n', "url_env needs a query"),
        ('[[orders]]\ndatabase = "x.db"\n', "either table or query"),
        ('currency = "EURO"\n' + BLOCK, "currency = 'EURO' is not an ISO 4217 code"),
        (BLOCK + 'currency = "E"\n', "is not an ISO 4217 code"),
        ("fiscal_year_start = 13\n" + BLOCK, "not a month from 1 to 12"),
        ("fiscal_year_start = true\n" + BLOCK, "not a month"),
        ('end = "soon"\n' + BLOCK, "end must be a day"),
        ("end = 2025-12-31T10:00:00\n" + BLOCK, "end must be a day"),
        (BLOCK + 'decimal = ";"\n', "decimal = ';' is not of the right kind; allowed are"),
        (BLOCK + 'decimal = ","\nthousands = ","\n', "cannot both be"),
        (BLOCK + 'duplicates = "drop"\n', 'duplicates is "refuse" or "keep"'),
        (BLOCK + 'date_format = "nice"\n', "date_format = 'nice' must name day, month and year"),
        (BLOCK + "skip = -1\n", "skip = -1 is not of the right kind"),
        ("[[orders]]\nfile = []\n", r"file = \[\] is not of the right kind"),
        (BLOCK + 'columns = { net_sales = ["a", "b"] }\n', "only texts can be put together"),
        (BLOCK + "columns = { net_sales = 1 }\n", "must name a column"),
        (BLOCK + "scale = [0, 10]\n", "scale is for scores, in survey_responses alone"),
        (BLOCK + SURVEY + "scale = [5, 5]\n", "worst and the best score, as in scale"),
        (BLOCK + SURVEY + "scale = [0, 5, 10]\n", r"scale = \[0, 5, 10\] is not of the right"),
        (BLOCK + SURVEY + 'scale = { x = "0-10" }\n', "is not of the right kind"),
        (BLOCK + SURVEY + "scale = [0, inf]\n", "is not of the right kind"),
        (BLOCK + SURVEY + "scale = {}\n", "is not of the right kind"),
        ('root = "${NO_SUCH_VARIABLE_HERE}"\n' + BLOCK, "NO_SUCH_VARIABLE_HERE: set it"),
        ("root = 3\n" + BLOCK, "root must be a folder"),
        ('orders = "orders.csv"\n', "expected a table|unknown|not of the right"),
    ],
)
def test_what_is_unknown_is_refused(text, message, folder, store):
    with pytest.raises(UsageError, match=f"(?s){message}"):
        open_data(folder({"kamlab.toml": text, "orders.csv": ORDERS}), store=store)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[accounts]]\nfile = "orders.csv"\n', "orders are needed"),
        ('root = "nowhere"\n' + BLOCK, "is not a folder"),
        ('[[orders]]\nfile = "oders.csv"\n', "no file 'oders.csv'. Did you mean 'orders.csv'"),
        (BLOCK + 'columns = { net_sales = "Net" }\n', "there is no column 'Net'"),
        (BLOCK + 'encoding = "klingon"\n', "encoding = 'klingon' is unknown"),
        (BLOCK + 'delimiter = ";;"\n', "must be one character"),
    ],
)
def test_what_is_not_there_is_refused(text, message, folder, store):
    with pytest.raises(DataRefusedError, match=message):
        open_data(folder({"kamlab.toml": text, "orders.csv": ORDERS}), store=store)


def test_a_missing_folder_or_a_single_file_is_refused(folder, tmp_path):
    with pytest.raises(DataRefusedError, match="no such file or folder"):
        read_mapping(tmp_path / "nothing")
    data = folder({"orders.csv": ORDERS})
    with pytest.raises(DataRefusedError, match="Give the folder"):
        read_mapping(data / "orders.csv")
    with pytest.raises(DataRefusedError, match="no such mapping file"):
        read_mapping(data, data / "my.toml")


def test_the_environment_fills_the_root(folder, tmp_path, monkeypatch):
    data = folder({"deep/orders.csv": ORDERS})
    mapping = folder(
        {"my.toml": 'root = "${SOMEWHERE:-nowhere}/deep"\n' + BLOCK}, "elsewhere"
    ) / "my.toml"  # fmt: skip
    with pytest.raises(DataRefusedError, match="nowhere/deep"):
        read_mapping(mapping)
    monkeypatch.setenv("SOMEWHERE", str(data))

    assert read_mapping(mapping).root == (data / "deep").resolve()
    assert read_mapping(data / "deep", mapping).root == (data / "deep").resolve()


def test_settings_are_used(folder, store):
    text = (
        'currency = "chf"\nfiscal_year_start = 4\n[[orders]]\nfile = ["o-*.txt", "last.txt"]\n'
        'encoding = "cp1250"\ndelimiter = "\\t"\ndecimal = ","\ndate_format = "DD/MM/YY"\n'
        'skip = 2\nchannel = "website"\n'
        'columns = { account_id = "Łódź", order_id = ["Łódź", "day"], order_date = "day", '
        'net_sales = "x" }\n'
    )
    body = "report\n\nŁódź\tday\tx\nK1\t03/04/24\t1.234\n"
    data = folder(
        {
            "kamlab.toml": text,
            "o-1.txt": body.encode("cp1250"),
            "last.txt": body.replace("K1", "K2").encode("cp1250"),
        }
    )
    sources = open_data(data, store=store)

    assert (sources.currency, sources.fiscal_year_start) == ("CHF", 4)
    rows = sources.table("orders").order("account_id").fetchall()
    assert [row[:2] + row[3:] for row in rows] == [
        ("K1", "K1-03/04/24", 1234.0, "website"),
        ("K2", "K2-03/04/24", 1234.0, "website"),
    ]
    assert str(sources.end) == "2024-04-04"


def test_every_canonical_table_can_be_read(folder, store):
    samples = {"id": "X1", "text": "word", "date": "2024-01-31", "number": "3.5", "whole": "1990"}
    samples |= {"flag": "true", "currency": "EUR"}
    narrow = {"sentiment": "0.5", "capacity": "9", "payment_terms_days": "30"}
    files = {}
    for table in TABLES.values():
        names = [column.name for column in table.columns]
        values = [narrow.get(c.name, samples[c.kind]) for c in table.columns]
        files[f"{table.name}.csv"] = ",".join(names) + "\n" + ",".join(values) + "\n"
    sources = open_data(folder(files), store=store)

    assert set(sources.tables) == set(TABLES)
    assert sources.refused.empty
    assert sources.left_out.empty
    for table in TABLES.values():
        relation = sources.table(table.name)
        assert relation.columns == [column.name for column in table.columns]
        assert None not in relation.fetchall()[0]


def test_one_column_is_not_taken_for_two_amounts(folder, store):
    text = "account_id,order_id,order_date,Value\nA,1,2024-01-05,9.50\n"
    columns = 'columns = { net_sales = "Value", cost_of_goods = "Value" }'
    files = {"lines.csv": text, "kamlab.toml": f'[[orders]]\nfile = "lines.csv"\n{columns}\n'}
    with pytest.raises(DataRefusedError, match="net_sales and cost_of_goods are both made of"):
        open_data(folder(files), store=store)


@pytest.mark.parametrize("setting", ['currency = "EUR"', 'duplicates = "keep"', "[runs]\njump = 1"])
def test_settings_alone_leave_a_folder_as_it_is(setting, folder, store):
    text = "account_id,order_id,order_date,net_sales\nA,1,2024-01-05,9.50\nA,1,2024-01-05,9.50\n"
    known = open_data(folder({"orders/2024.csv": text, "kamlab.toml": setting}), store=store)
    kept = known.reconciliation.set_index("table").loc["orders", "rows_kept"]
    assert kept == (2 if "keep" in setting else 1)


def test_columns_of_invoices_are_proposed_by_what_they_are_called(folder, store):
    text = "invoice,customer_id,invoiced,due,total\n1,A1,2024-01-05,2024-02-05,9.50\n"
    files = {"orders.csv": ORDERS, "ar.csv": text}
    files["kamlab.toml"] = BLOCK + '[[invoices]]\nfile = "ar.csv"\n'
    with pytest.raises(DataRefusedError) as told:
        open_data(folder(files), store=store)
    assert (
        'columns = { invoice_id = "invoice", account_id = "customer_id", '
        'invoice_date = "invoiced", due_date = "due", amount = "total" }' in str(told.value)
    )
