"""What stands beside the orders is offered in lines that work when they are copied."""

import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data, trial
from kamlab.sources.description import describe

ROWS = [
    "Order ID;Order Date;Account ID;Customer Name;Region;Net Sales;Profit",
    "1;2024-01-05;C1;Acme & Sons;South;261.96;41.9",
    "2;2024-01-06;C2;O'Neill;West;14.62;6.87",
    "3;2024-02-06;C1;Acme & Sons;South;94.62;-6.87",
    "4;2024-02-07;C1;Acme;South;10;1",
    "5;2024-02-08;;Nobody;South;0;0",
]


def _blocks(said: str) -> str:
    """Take the lines of kamlab.toml out of what is said."""
    lines, taken, inside = said.splitlines(), [], False
    for line in lines:
        inside = line.startswith("[[") or (inside and bool(line))
        if inside:
            taken.append(line)
    return "\n".join(taken)


def test_names_beside_the_orders_come_by_the_lines_that_are_offered(folder, store):
    place = folder({"orders.csv": "\n".join(ROWS)})

    (place / "kamlab.toml").write_text(_blocks(describe(open_data(place, store=store))))
    sources = open_data(place, store=store)

    found = sources.frame("accounts").sort_values("account_id")
    assert found["account_id"].tolist() == ["C1", "C2"]
    assert found["name"].tolist() == ["Acme & Sons", "O'Neill"]
    assert found["region"].tolist() == ["South", "West"]
    refused = sources.reconciliation.set_index("table")["rows_refused"]
    assert refused.to_dict() == {"orders": 1, "accounts": 0}
    assert "tell more" not in describe(sources)


def test_a_profit_beside_the_orders_comes_as_cost_by_the_line_that_is_offered(folder, store):
    place = folder({"orders.csv": "\n".join(ROWS)})
    said = describe(open_data(place, store=store))
    line = next(line for line in said.splitlines() if line.startswith("sql = ") and "cost" in line)

    (place / "kamlab.toml").write_text(f"[[orders]]\n{line}\n")
    sources = open_data(place, store=store)

    lines = sources.frame("orders")
    profit = (lines["net_sales"] - lines["cost_of_goods"]).round(2)
    assert sorted(profit) == sorted([41.9, 6.87, -6.87, 1.0])


def test_what_is_offered_reads_all_files_of_an_entry(folder, store):
    place = folder({"a/one.csv": "\n".join(ROWS[:2]), "b/two.csv": "\n".join([ROWS[0], *ROWS[2:]])})
    mapping = place / "kamlab.toml"
    orders = '[[orders]]\nfile = ["a/*.csv", "b/*.csv"]\n\n'
    mapping.write_text(orders)
    said = describe(open_data(place, store=store))
    mapping.write_text(orders + _blocks(said))
    cost = next(line for line in said.splitlines() if line.startswith("sql = ") and "cost" in line)

    assert open_data(place, store=store).frame("accounts")["account_id"].nunique() == 2
    mapping.write_text(f"[[orders]]\n{cost}\n")
    lines = open_data(place, store=store).frame("orders", ["net_sales", "cost_of_goods"])
    assert list(lines) == ["net_sales", "cost_of_goods"]
    assert (lines["net_sales"] - lines["cost_of_goods"]).sum() == pytest.approx(42.9)


@pytest.mark.parametrize("files", [{"accounts.csv": "account_id,name\nC1,Acme\n"}, {}])
def test_nothing_is_offered_where_accounts_are_told_or_orders_tell_nothing(files, folder, store):
    plain = "account_id,order_id,order_date,net_sales\nC1,1,2024-01-01,5\n"
    told = "\n".join(ROWS) if files else plain
    sources = open_data(folder({"orders.csv": told, **files}), store=store)

    assert "tell more" not in describe(sources)


@pytest.mark.parametrize("cost", ["Wareneinsatz", "Einstand"])
def test_a_foreign_export_is_understood_by_following_what_is_said(cost, folder, store):
    rows = [
        "Liste VF05",
        f"Fakturadatum;Faktura;Auftraggeber;Name 1;Material;Menge;Nettowert;{cost};Währg",
        "09.05.2023;900;0007;Müller & Söhne;00035;217,00;1.154,90;97,91;EUR",
        "26.08.2023;901;0007;Müller & Söhne;00023;2,00-;953,17-;804,62-;EUR",
        "27.08.2023;902;0012;Bäckerei Groß;00023;3,00;53,00;40,00;EUR",
    ]
    place = folder({"VF05.csv": "\r\n".join(rows).encode("latin-1"), "notes.txt": "a\n"})
    mapping = place / "kamlab.toml"
    with pytest.raises(DataRefusedError, match=r'file = "VF05\.csv"') as told:
        open_data(place, store=store)
    said = str(told.value).splitlines()
    mapping.write_text("\n".join([*said[1:-1], "skip = 1\n"]))
    with pytest.raises(DataRefusedError, match="Its columns are") as told:
        open_data(place, store=store)
    required = next(line for line in str(told.value).splitlines() if line.startswith("columns"))
    mapping.write_text(mapping.read_text() + required + "\n")
    said = describe(open_data(place, store=store))
    more = next(line for line in said.splitlines() if line.startswith("columns"))
    accounts = _blocks(said)
    mapping.write_text(mapping.read_text().replace(required, more) + accounts)
    sources = open_data(place, store=store)

    lines = sources.frame("orders").sort_values("order_id")
    assert sources.currency == "EUR"
    assert lines["net_sales"].tolist() == [1154.90, -953.17, 53.0]
    assert lines["quantity"].tolist() == [217.0, -2.0, 3.0]
    assert lines["cost_of_goods"].tolist() == [97.91, -804.62, 40.0]
    assert lines["product_id"].tolist() == ["00035", "00023", "00023"]
    names = sources.frame("accounts").set_index("account_id")["name"].to_dict()
    assert names == {"0007": "Müller & Söhne", "0012": "Bäckerei Groß"}
    assert "tell more" not in describe(sources)


HEADER = ROWS[0].split(";")


def _line(said: str, part: str) -> str:
    """Take the offered line that holds a word; "" where none is offered."""
    return next((line for line in said.splitlines() if part in line and " = " in line), "")


def _told(rows: list[list[str]]) -> str:
    return "\n".join(";".join(row) for row in [HEADER, *rows])


@pytest.mark.parametrize(
    ("sales", "profit", "cost"),
    [
        (["1.234,50", "234,50-"], ["1.000,00", "-34,50"], [234.5, -200.0]),
        (["1,234.50 €", "(10.00)"], ["$1,000.10", "2.50-"], [234.4, -7.5]),
        (["$1,234.50", "10.25-"], ["1,034.50 USD", "0.25-"], [200.0, -10.0]),
        (["1,234.50", "10.25"], ["n/a", "0.25"], None),
        (["1,234.50", "10.25"], ["ask", "0.25"], None),
    ],
)
def test_a_cost_is_offered_only_where_its_line_runs(sales, profit, cost, folder, store):
    rows = [
        [str(k), f"2024-01-{k + 1:02d}", "C1", "Acme", "South", *both]
        for k, both in enumerate(zip(sales, profit, strict=True))
    ]
    place = folder({"orders.csv": _told(rows)})
    line = _line(describe(open_data(place, store=store)), "AS cost_of_goods")
    assert bool(line) == (cost is not None)
    if cost:
        (place / "kamlab.toml").write_text(f"[[orders]]\n{line}\n")
        lines = open_data(place, store=store).frame("orders").sort_values("order_id")
        assert lines["cost_of_goods"].round(2).tolist() == cost


def test_what_is_offered_of_a_workbook_reads_its_sheet_below_the_titles(folder, store, workbook):
    rows = [row.split(";") for row in ROWS[1:]]
    book = workbook({"Notes": [["x"]], "Sales": [["Report", "of", "2024"], [], HEADER, *rows]})
    place = folder({"book.xlsx": book})
    mapping = place / "kamlab.toml"
    mapping.write_text('[[orders]]\nfile = "book.xlsx"\nsheet = "Sales"\n')
    said = describe(open_data(place, store=store))
    cost = _line(said, "AS cost_of_goods")
    mapping.write_text(f'[[orders]]\n{cost}\nsheet = "Sales"\n\n{_blocks(said)}')
    sources = open_data(place, store=store)

    assert sources.frame("accounts")["account_id"].nunique() == 2
    assert sources.frame("orders")["cost_of_goods"].notna().all()


def test_accounts_are_not_offered_where_a_query_would_read_their_ids_otherwise(folder, store):
    rows = [
        [str(k), "2024-01-05", one, "A", "South", "5", "1"]
        for k, one in enumerate(["1.10", "2.20"])
    ]
    said = describe(open_data(folder({"orders.csv": _told(rows)}), store=store))

    assert "[[accounts]]" not in said


def test_a_column_that_would_have_rows_refused_is_not_offered(folder, store):
    rows = [
        "account_id;order_id;order_date;net_sales;Menge;Artikel",
        "A;1;2024-01-05;5.50;2 Stk;x",
        "B;2;2024-01-06;6.50;3 Stk;y",
    ]
    said = describe(open_data(folder({"orders.csv": "\n".join(rows)}), store=store))

    assert _line(said, "product_id") == 'columns = { product_id = "Artikel" }'


def test_a_currency_is_offered_though_it_sets_lines_aside(folder, store):
    rows = ["account_id;order_id;order_date;net_sales;Währung", "A;1;2024-01-05;5.50;USD"]
    place = folder(
        {
            "orders.csv": "\n".join([*rows, "B;2;2024-01-06;6.50;EUR"]),
            "kamlab.toml": 'currency = "EUR"\n[[orders]]\nfile = "orders.csv"\n',
        }
    )
    line = _line(describe(open_data(place, store=store)), "Währung")
    mapping = place / "kamlab.toml"
    mapping.write_text(f"{mapping.read_text()}{line}\n")

    assert open_data(place, store=store).other_currencies["currency"].tolist() == ["USD"]


def test_columns_with_quotes_are_named_as_toml_is_written(folder, store):
    place = folder({"kamlab.toml": '[[orders]]\nfile = "o.csv"\n'})
    (place / "o.csv").write_text(
        'order_id;order_date;net_sales;"account ""id"""\n1;2024-01-05;5;A\n'
    )
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    line = _line(str(told.value), "account_id")
    (place / "kamlab.toml").write_text(f'[[orders]]\nfile = "o.csv"\n{line}\n')

    assert open_data(place, store=store).frame("orders")["account_id"].tolist() == ["A"]


def test_files_too_large_to_be_tried_are_said_to_be(folder, store, monkeypatch):
    monkeypatch.setattr(trial, "LARGEST", 10)
    said = describe(open_data(folder({"orders.csv": "\n".join(ROWS)}), store=store))

    assert "[[accounts]]" in said
    assert "The lines offered were not tried" in said


MASTER = [
    "Kundennummer;Firma;PLZ;Bundesland",
    "C1;Acme & Sons;10115;Berlin",
    "C2;O'Neill;20095;Hamburg",
    "C3;Nobody yet;80331;Bayern",
]
PLAIN = ["account_id,order_id,order_date,net_sales"] + [
    f"C{1 + n % 2},{n},2024-01-{n:02d},{10 * n}" for n in range(1, 20)
]


def test_a_file_of_customers_is_offered_as_accounts(folder, store):
    suppliers = [line.replace("C", "L") for line in MASTER]
    files = {"orders.csv": PLAIN, "Kundenstamm.csv": MASTER, "Lieferanten.csv": suppliers}
    place = folder({name: "\n".join(lines) for name, lines in files.items()})

    said = describe(open_data(place, store=store))
    assert "Kundenstamm.csv tells of 2 of the 2 accounts that order." in said
    assert "Lieferanten.csv tells" not in said
    (place / "kamlab.toml").write_text(_blocks(said))
    sources = open_data(place, store=store)

    found = sources.frame("accounts").set_index("account_id")
    assert found["name"].tolist() == ["Acme & Sons", "O'Neill", "Nobody yet"]
    assert found["region"].tolist() == ["Berlin", "Hamburg", "Bayern"]
    assert sources.reconciliation.set_index("table")["rows_kept"].to_dict() == {
        "orders": 19,
        "accounts": 3,
    }
    assert "tells of" not in describe(sources)


def test_a_sheet_of_customers_is_offered_with_its_name(folder, store, workbook):
    sheets = {
        "Hinweise": [["Stand", "2024"], ["Von", "Ana"]],
        "Kunden": [line.split(";") for line in MASTER],
    }
    place = folder({"orders.csv": "\n".join(PLAIN), "stamm.xlsx": workbook(sheets)})

    said = describe(open_data(place, store=store))
    assert "stamm.xlsx, sheet 'Kunden' tells of 2 of the 2 accounts" in said
    (place / "kamlab.toml").write_text(_blocks(said))

    assert len(open_data(place, store=store).frame("accounts")) == 3


def test_customers_below_titles_and_with_accents_are_offered(folder, store, workbook):
    """As a French system exports them: titles above the header, and its words with accents."""
    rows = [["Export du 16/11/2024"], [], ["Code client", "Raison sociale", "Ville", "Région"]]
    rows += [["C1", "Léger & Fils", "Lyon", "Sud"], ["C2", "Noël SARL", "Lille", "Nord"]]
    rows += [["C3", "Hébert", "Brest", "Ouest"]]
    place = folder({"orders.csv": "\n".join(PLAIN), "Base.xlsx": workbook({"Fichier": rows})})

    said = describe(open_data(place, store=store))
    (place / "kamlab.toml").write_text(_blocks(said))

    found = open_data(place, store=store).frame("accounts").set_index("account_id")
    assert found.loc["C1", ["name", "region"]].tolist() == ["Léger & Fils", "Sud"]


def test_of_two_files_of_customers_the_one_that_knows_more_is_offered(folder, store):
    half = "\n".join(MASTER).replace("C2", "X2")
    files = {"orders.csv": "\n".join(PLAIN), "all.csv": "\n".join(MASTER), "half.csv": half}
    said = describe(open_data(folder(files), store=store))
    assert "all.csv tells of 2 of the 2" in said
    assert "half.csv tells" not in said

    alone = folder({name: text for name, text in files.items() if name != "all.csv"}, "alone")
    assert "half.csv tells of 1 of the 2" in describe(open_data(alone, store=store))


def test_a_file_that_knows_few_of_the_accounts_is_not_offered(folder, store):
    others = "\n".join(MASTER).replace("C1", "X1").replace("C2", "X2")
    place = folder({"orders.csv": "\n".join(PLAIN), "others.csv": others})

    assert "tells of" not in describe(open_data(place, store=store))
