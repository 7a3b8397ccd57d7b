import pandas as pd
import pytest

from kamlab.studies.differences import row_key, table_changes
from kamlab.studies.tables import write_table


@pytest.fixture
def runs(tmp_path):
    """Write one table for each of two runs and compare them."""

    def compare(before, after, limit=0.25):
        made = []
        pair = len(list(tmp_path.iterdir()))
        for name, table in ((f"old{pair}", before), (f"new{pair}", after)):
            if table is not None:
                write_table(tmp_path / name / "tables", "t", table)
            tables = [] if table is None else [{"name": "t"}]
            made.append({"folder": tmp_path / name, "tables": tables})
        return table_changes(*made, limit)

    return compare


OLD = pd.DataFrame({"name": ["x", "y", "y"], "account_id": ["A", "B", "C"], "sales": [1.0, 2, 3]})


def test_what_did_not_change_is_not_told(runs):
    assert runs(OLD, OLD.copy()) == []


def test_rows_are_paired_by_what_names_them_in_whatever_order(runs):
    new = OLD.iloc[[2, 1]].assign(sales=[3.1, 4.0])
    new = pd.concat([new, OLD.iloc[[0]].assign(account_id="D")])

    assert runs(OLD, new) == [
        "t: 3 to 3 rows by account_id, 1 came, 1 went; moved beyond 25%: sales of 1"
    ]


def test_tables_and_columns_that_come_and_go_are_named(runs):
    assert runs(None, OLD) == ["t: new"]
    assert runs(OLD, None) == ["t: gone"]
    assert runs(OLD, OLD.rename(columns={"sales": "net"})) == [
        "t: 3 to 3 rows by account_id; columns new: net; columns gone: sales"
    ]


def test_a_figure_that_appears_or_goes_has_moved(runs):
    (said,) = runs(OLD, OLD.assign(sales=[None, 2.0, 3.0]))

    assert said.endswith("moved beyond 25%: sales of 1")


def test_rows_without_a_name_are_compared_by_their_sums(runs):
    old = pd.DataFrame({"kind": ["a", "a"], "n": [1.0, 1.0]})

    assert runs(old, old.assign(n=[2.0, 2.0])) == [
        "t: 2 to 2 rows; sums moved beyond 25%: n 2 to 4"
    ]
    assert row_key(old, old) == []


def test_columns_of_lists_do_not_stop_the_comparison(runs):
    old = pd.DataFrame({"why": [["a"], ["b"]], "n": [1, 2]})

    assert runs(old, old.assign(n=[1, 9])) == ["t: 2 to 2 rows by why; moved beyond 25%: n of 1"]
