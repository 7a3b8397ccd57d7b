"""A folder without order lines is told so; what may hold them is offered, and nothing else."""

import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import candidates, open_data

CUSTOMERS = "Customer ID,Name,City,Created,Revenue\n" + "".join(
    f"C{k},Firm {k},Town,2020-01-{k + 1:02d},{k}00.50\n" for k in range(9)
)
MONTHS = "Customer,Sales Jan 2024,Sales Feb 2024,Sales Mar 2024\n" + "".join(
    f"C{k % 3},{k}.5,3.1,4.4\n" for k in range(9)
)
SALES = "Customer,Date,Amount\nC1,2024-01-05,10.50\nC2,2024-01-06,5.25\nC1,2024-01-07,2.75\n"


def _refusal(place, store) -> str:
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    return str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CUSTOMERS, "each of its 9 rows has another 'Customer ID'"),
        (MONTHS, "a column a month or quarter (Sales Jan 2024, Sales Feb 2024, Sales Mar 2024"),
    ],
)
@pytest.mark.parametrize("name", ["customers.csv", "orders.csv", "named"])
def test_tables_of_customers_are_not_offered_as_orders(text, said, name, folder, store):
    files = {"customers.csv" if name == "named" else name: text}
    if name == "named":
        files["kamlab.toml"] = '[[orders]]\nfile = "customers.csv"\n'
    told = _refusal(folder(files), store)

    assert "no order lines" in told.casefold()
    assert said in told
    assert "A table of orders has one row an order line" in told
    assert "columns = {" not in told
    assert "file = " not in told


def test_of_several_files_the_one_that_may_hold_orders_is_offered(folder, store):
    plain = "code,words\n" + "1,abc\n" * 500
    told = _refusal(folder({"c.csv": CUSTOMERS * 3, "sales.csv": SALES, "z.csv": plain}), store)

    assert 'file = "sales.csv"' in told


def test_files_of_several_years_are_offered_together(folder, store):
    other = "Customer,Date,Quantity\nC1,2024-01-05,1\nC1,2024-01-06,2\n"
    files = {"2024 sales.csv": SALES, "2023 sales.csv": SALES.replace("2024", "2023")}
    told = _refusal(folder({**files, "counts.csv": other, "customers.csv": CUSTOMERS}), store)

    assert '\nfile = ["2023 sales.csv", "2024 sales.csv"]\n' in told


BRAZIL = "Nota Fiscal;Data de Emissão;Código do Cliente;Produto;Valor Líquido\n"
OWED = "Nota Fiscal;Cliente;Emissão;Vencimento;Pagamento;Valor\n"
POLAND = "Nr faktury;Data sprzedaży;Kontrahent;Towar;Ilość;Wartość netto\n"


def test_order_lines_of_several_years_come_before_invoices_that_are_longer(folder, store):
    lines = "".join(f"N{k};05/01/YEAR;C{k % 7};P1;10,50\n" for k in range(40))
    owed = "".join(f"N{k};C{k % 7};05/01/2024;05/02/2024;07/02/2024;10,50\n" for k in range(60))
    files = {"titulos.csv": OWED + owed}
    for year in ("2023", "2024"):
        files[f"vendas_{year}.csv"] = BRAZIL + lines.replace("YEAR", year)
    told = _refusal(folder(files), store)
    assert '\nfile = ["vendas_2023.csv", "vendas_2024.csv"]\n' in told

    place = folder({**files, "kamlab.toml": '[[orders]]\nfile = "vendas_*.csv"\n'})
    assert (
        'columns = { account_id = "Código do Cliente", order_id = "Nota Fiscal", '
        'order_date = "Data de Emissão", net_sales = "Valor Líquido" }' in _refusal(place, store)
    )


def test_the_larger_of_tables_alike_is_offered_and_its_years_count_together(folder, store):
    header, line = "Customer,Date,Amount{}\n", "C1,2024-01-05,10.50{}\n"
    one = {"a.csv": header.format(",Note") + line.format(",x") * 50}
    two = {f"sales {n}.csv": header.format("") + line.format("") * 40 for n in (1, 2)}
    assert 'file = "a.csv"' in _refusal(folder(one | {"sales 1.csv": two["sales 1.csv"]}), store)
    assert 'file = ["sales 1.csv", "sales 2.csv"]' in _refusal(folder(one | two), store)


def test_polish_columns_are_proposed(folder, store):
    rows = "".join(f"F{k};2024-01-05;K{k % 7};T1;2;10,50\n" for k in range(9))
    files = {"sprzedaz.csv": POLAND + rows, "kamlab.toml": '[[orders]]\nfile = "sprzedaz.csv"\n'}
    assert (
        'columns = { account_id = "Kontrahent", order_id = "Nr faktury", '
        'order_date = "Data sprzedaży", net_sales = "Wartość netto" }'
        in _refusal(folder(files), store)
    )


def test_a_header_below_titles_is_found_before_anybody_names_columns(folder, store, workbook):
    rows = [["Sales report", "", "Date"], [], ["Kunde", "Belegnr", "Datum", "Nettobetrag"]]
    rows += [[f"C{k % 3}", f"B{k}", f"0{1 + k}.03.2024", 10.5 * k] for k in range(1, 9)]
    told = _refusal(folder({"orders.xlsx": workbook({"One": rows})}), store)

    line = 'account_id = "Kunde", order_id = "Belegnr", order_date = "Datum"'
    assert f'columns = {{ {line}, net_sales = "Nettobetrag" }}' in told


def test_of_several_sheets_the_one_that_may_hold_orders_is_offered(folder, store, workbook):
    sheets = {
        title: [line.split(",") for line in text.splitlines()]
        for title, text in (("Masters", CUSTOMERS), ("Lines", SALES))
    }
    place = folder({"book.xlsx": workbook(sheets)})
    told = _refusal(place, store)
    assert 'file = "book.xlsx"\nsheet = "Lines"' in told

    said = told.splitlines()[1:-1]
    (place / "kamlab.toml").write_text("\n".join(said) + "\n")
    assert 'columns = { account_id = "Customer"' in _refusal(place, store)


def test_customers_with_an_order_number_each_may_be_orders(folder, store):
    rows = "".join(f"C{k},{k},2024-01-{k + 1:02d},5.5,Town\n" for k in range(9))
    told = _refusal(folder({"a.csv": "Customer,Invoice,Date,Amount,City\n" + rows}), store)

    assert 'file = "a.csv"' in told


def test_the_beginning_of_a_long_file_tells_and_a_broken_one_may_be_anything(
    folder, store, monkeypatch
):
    monkeypatch.setattr(candidates, "_BEGINNING", 300)
    assert "each of its" in _refusal(folder({"c.csv": CUSTOMERS}), store)
    assert 'file = "x.xlsx"' in _refusal(folder({"x.xlsx": b"PK broken"}, "other"), store)


def test_a_lock_file_is_no_candidate(folder, store):
    place = folder({"~$long name.xlsx": b"x" * 900, "z.csv": "code,words\n1,abc\n"})

    assert 'file = "z.csv"' in _refusal(place, store)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Jan", True), ("2024-01", True), ("01/2024", True), ("Umsatz März 2024", True),
        ("Q3 2023", True), ("2024年3月", True), ("Revenue Dec-23", True), ("2024 Q1", True),
        ("Market", False), ("Decision", False), ("Amount", False), ("Order 12", False),
        ("Price 2024", False),
    ],
)  # fmt: skip
def test_columns_named_after_months_are_told(name, told):
    assert bool(candidates._MONTH.fullmatch(name)) is told
