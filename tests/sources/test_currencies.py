"""Amounts that are written with signs or codes of several currencies are never added up."""

import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data
from kamlab.sources.currencies import one_currency

SAID = 'currency = "USD"\n[[orders]]\nfile = "orders.csv"\n'
HEAD = "account_id,order_id,order_date,net_sales\n"


def _orders(*amounts, currency=None):
    head = HEAD if currency is None else HEAD.replace("\n", ",currency\n")
    more = "" if currency is None else f",{currency}"
    rows = [f'A{k},{k},2024-01-0{k + 1},"{one}"{more}' for k, one in enumerate(amounts)]
    return head + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("marks", "one"),
    [
        ([], True),
        (["", "", "QTY"], True),
        (["$", "USD"], True),
        (["$", "CAD"], True),
        (["¥", "JPY"], True),
        (["￥", "元", "CNY"], True),
        (["$", "EUR"], False),
        (["€", "£"], False),
        (["USD", "CAD"], False),
        (["$", "CAD", "USD"], False),
        (["元", "JPY"], False),
    ],
)
def test_signs_and_codes_that_may_mean_one_currency(marks, one):
    assert one_currency(marks) == one
    assert one_currency(marks[::-1]) == one


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (("$1,234.50", "€100.00", "3.00"), "'$1,234.50' in row 2, '€100.00' in row 3"),
        (("USD 12.30", "5.00", "CAD 7.10"), "'USD 12.30' in row 2, 'CAD 7.10' in row 4"),
    ],
)
def test_amounts_in_several_currencies_are_refused_with_their_rows(amounts, said, folder, store):
    with pytest.raises(DataRefusedError, match="net_sales holds amounts in several") as told:
        open_data(folder({"orders.csv": _orders(*amounts)}), store=store)
    assert said in str(told.value)


def test_amounts_in_another_currency_than_is_said_are_refused(folder, store):
    files = {"orders.csv": _orders("€1.50", "2.50"), "kamlab.toml": SAID}
    with pytest.raises(DataRefusedError, match=r"not in USD alone: '€1\.50' in row 2"):
        open_data(folder(files), store=store)


def test_the_query_that_is_offered_reads_them_apart(folder, store):
    place = folder({"lines.csv": _orders("$10.50", "€4.00", "$2.25")})
    (place / "kamlab.toml").write_text('[[orders]]\nfile = "lines.csv"\n')
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    (place / "kamlab.toml").write_text(
        'currency = "USD"\n[[orders]]\n' + str(told.value).split("as in\n")[1]
    )
    known = open_data(place, store=store)
    assert known.reconciliation["amount_kept"].tolist() == [12.75]
    others = known.other_currencies[["currency", "rows", "amount"]]
    assert others.to_numpy().tolist() == [["EUR", 1, 4.0]]


@pytest.mark.parametrize(
    "text",
    [_orders("$10.50", "2.25", "US$ 3.00"), _orders("10.50 €", "2.25 EUR"),
     _orders("$10.50", "€2.25", currency="EUR")],
)  # fmt: skip
def test_one_currency_however_written_and_a_column_that_tells_are_no_reason(text, folder, store):
    known = open_data(folder({"orders.csv": text}), store=store)
    assert known.reconciliation["rows_in"].tolist() == [text.count("\n") - 1]
