"""Titles above the header of a text file change nothing but the numbers of its rows."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamlab.sources import open_data
from kamlab.sources.headers import header_row

HEAD = ["Nr faktury", "Data", "Kod klienta", "Wartość netto", "Opis"]
ROWS = [
    [f"F{n}", f"{n % 28 + 1:02d}.01.2024", f"K{n % 5}", f"1 0{n:02d},50", "Region"]
    for n in range(30)
]
MAPPING = (
    '[[orders]]\nfile = "orders.csv"\ncolumns = { account_id = "Kod klienta", '
    'order_id = "Nr faktury", order_date = "Data", net_sales = "Wartość netto" }\n'
)
TITLES = [
    ["Zestawienie sprzedaży"],
    ["Zestawienie sprzedaży;;;;"],
    ["Sales, gross and net", "Okres: 01.01.2024 - 31.12.2024", ""],
    ["", '"Printed\non two lines"', "", "Page 1"],
    ["Stand;31.12.2024"],
]


def text(above, delimiter=";", rows=ROWS):
    return "\n".join([*above, *(delimiter.join(row) for row in [HEAD, *rows])]) + "\n"


def opened(folder, store, content, name):
    return open_data(folder({"orders.csv": content, "kamlab.toml": MAPPING}, name), store=store)


@pytest.mark.parametrize("above", TITLES)
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_titles_change_nothing(folder, store, above, delimiter):
    above = [line.replace(";", delimiter) for line in above]
    rows = [*ROWS, ["F99", "no day", "K1", "5,00", ""]]
    plain = opened(folder, store, text([], delimiter, rows), "plain")

    titled = opened(folder, store, text(above, delimiter, rows), "titled")

    pd.testing.assert_frame_equal(titled.frame("orders"), plain.frame("orders"))
    lines = sum(line.count("\n") + 1 for line in above)
    assert (
        list(titled.refused["row"]) == [row + lines for row in plain.refused["row"]] == [32 + lines]
    )


def test_titles_are_passed_over_before_columns_are_named(folder, store):
    lines = ["Sales report", "Year;2024", "Kunde;Belegnr;Datum;Nettobetrag"]
    lines += [f"C{k % 3};B{k};0{1 + k}.03.2024;10,5" for k in range(1, 9)]
    line = 'account_id = "Kunde", order_id = "Belegnr", order_date = "Datum"'
    with pytest.raises(Exception, match=line):
        open_data(folder({"orders.csv": "\n".join(lines) + "\n"}), store=store)


def test_lines_that_are_said_to_be_skipped_are_the_only_ones(folder, store):
    above = ["Kod klienta;Nr faktury;Data;Wartość netto;Opis", "Title"]
    content = text(above)
    told = MAPPING + "skip = 2\n"
    sources = open_data(folder({"orders.csv": content, "kamlab.toml": told}), store=store)
    assert len(sources.frame("orders")) == len(ROWS)


@given(
    st.lists(st.lists(st.sampled_from(["", "a", "5", "Customer"]), max_size=4), max_size=30),
    st.sets(st.sampled_from(["a", "customer", "other"])),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_header_holds_most_wanted_names_and_is_among_the_first(rows, wanted):
    rows = [["x"], *rows]
    found = header_row(rows, 0, wanted)
    held = [len(wanted & {cell.casefold() for cell in row}) for row in rows[:20]]
    assert found < 20
    assert held[found] == max(held)
