"""The R package rfm's published scores and both of its segment tables, customer by customer."""

import pandas as pd
import pytest

from kamlab.segmentation.rfm import BOUNDS, check_rules, rfm

# Bounds as published with the package: vignette of version 0.3.0, and the table of its tests.
VIGNETTE = {
    "Champions": (5, 5, 5, 5, 5, 5),
    "Potential Loyalist": (3, 5, 3, 5, 2, 5),
    "Loyal Customers": (2, 4, 2, 4, 2, 4),
    "Promising": (3, 4, 1, 3, 3, 5),
    "New Customers": (4, 5, 1, 3, 1, 5),
    "Can't Lose Them": (1, 2, 3, 4, 4, 5),
    "At Risk": (1, 2, 2, 5, 4, 5),
    "Need Attention": (1, 3, 3, 5, 3, 3),
    "About To Sleep": (2, 3, 1, 3, 1, 4),
    "Lost": (1, 1, 1, 5, 1, 5),
}
OLDER = {
    "Champions": (4, 5, 4, 5, 4, 5),
    "Loyal Customers": (2, 5, 3, 5, 3, 5),
    "Potential Loyalist": (3, 5, 1, 3, 1, 3),
    "New Customers": (4, 5, 1, 1, 1, 1),
    "Promising": (3, 4, 1, 1, 1, 1),
    "Need Attention": (2, 3, 2, 3, 2, 3),
    "About To Sleep": (2, 3, 1, 2, 1, 2),
    "At Risk": (1, 2, 2, 5, 2, 5),
    "Can't Lose Them": (1, 1, 4, 5, 4, 5),
    "Lost": (1, 2, 1, 2, 1, 2),
}
VIGNETTE_TABLE = {
    "About To Sleep": (102, 283, 23_449),
    "At Risk": (28, 216, 22_227),
    "Can't Lose Them": (47, 274, 32_446),
    "Champions": (35, 316, 31_646),
    "Lost": (148, 393, 35_324),
    "Loyal Customers": (170, 799, 76_562),
    "Need Attention": (10, 57, 4_562),
    "New Customers": (104, 329, 28_837),
    "Potential Loyalist": (342, 2_211, 204_856),
    "Promising": (9, 28, 4_249),
}
OLDER_TABLE = {
    "Champions": (158, 1_234, 120_178),
    "Loyal Customers": (278, 1_708, 166_712),
    "Potential Loyalist": (229, 801, 65_873),
    "Lost": (111, 244, 20_955),
    "At Risk": (86, 438, 44_178),
    "About To Sleep": (50, 127, 10_914),
    "others": (48, 210, 22_061),
    "Need Attention": (35, 144, 13_287),
}


@pytest.fixture(scope="module")
def customers(shared_data):
    orders = pd.read_csv(shared_data("rfm") / "rfm_orders.csv", parse_dates=["order_date"])
    table = orders.groupby("customer_id").agg(
        last=("order_date", "max"), orders=("order_date", "size"), revenue=("revenue", "sum")
    )
    table["recency"] = (pd.Timestamp("2006-12-31") - table["last"]).dt.days
    return table.reset_index()


def _scored(customers, rules):
    table = pd.DataFrame(
        [(name, *bounds) for name, bounds in rules.items()], columns=["segment", *BOUNDS]
    )
    return rfm(customers, recency="recency", monetary="revenue", whole_step=1, rules=table), table


def test_cuts_and_scores(customers):
    result, _ = _scored(customers, VIGNETTE)
    cuts = result.cuts.groupby("axis", sort=False)["value"].agg(list)
    scores = result.table.set_index("customer_id")["rfm_score"]

    assert cuts["recency"] == pytest.approx([115, 181, 297.4, 482])
    assert cuts["frequency"] == pytest.approx([4, 5, 6, 8])
    assert cuts["monetary"] == pytest.approx([255.8, 382, 506.4, 666])
    assert scores[
        ["Abbey O'Reilly", "Add Senger", "Aden Lesch", "Aden Murphy", "Admiral Senger"]
    ].tolist() == [343, 412, 323, 544, 433]


@pytest.mark.parametrize(("rules", "published"), [(VIGNETTE, VIGNETTE_TABLE), (OLDER, OLDER_TABLE)])
def test_segment_tables(customers, rules, published):
    result, _ = _scored(customers, rules)
    sums = result.table.groupby("segment").agg(
        customers=("orders", "size"), orders=("orders", "sum"), revenue=("revenue", "sum")
    )

    assert {name: tuple(row) for name, row in sums.iterrows()} == published


def test_the_check_finds_what_the_older_table_hides(customers):
    result, table = _scored(customers, OLDER)
    report = check_rules(table)
    empty = set(OLDER) - set(result.table["segment"])

    assert empty == {"Can't Lose Them", "New Customers", "Promising"}
    assert set(report.unreachable) == empty
