import numpy as np
import pandas as pd
import pytest

from kamlab.errors import UsageError
from kamlab.simulation import Config, simulate
from kamlab.simulation.names import HOSTILE

END = pd.Timestamp("2026-01-01")
COLUMNS = {
    "orders": "account_id order_id order_date net_sales quantity product_id category "
    "cost_of_goods cost_to_serve discount list_price currency channel",
    "accounts": "account_id name parent_id industry region country employees annual_revenue "
    "founded credit_limit payment_terms_days addressable_spend philosophy_score manager_id",
    "contacts": "contact_id account_id name gender birth_date occupation address phone email "
    "channel",
    "interactions": "interaction_id channel occurred_at account_id topic concern sentiment",
    "invoices": "invoice_id account_id invoice_date due_date amount paid_date paid_amount",
    "survey_responses": "response_id account_id wave item score importance comment",
    "defections": "account_id defection_date reason competitor level interview_text",
    "managers": "manager_id name region industries capacity reports_to role",
    "actions": "action_id account_id date kind treated cost",
    "ratings": "account_id rater_id item value date",
    "financials": "account_id fiscal_year total_assets current_assets current_liab total_liab "
    "retained_earnings ebit equity_bv sales",
    "wallet_observations": "account_id year total_purchases suppliers source",
    "forecasts": "account_id period made_at quantity",
    "quotes": "quote_id account_id quoted_at amount category outcome decided_at competitor reason",
    "services": "account_id provided_at service hours cost charged",
    "win_back_offers": "account_id date kind offer came_back second_value",
    "kano_answers": "account_id wave item functional dysfunctional",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_table_has_its_canonical_columns(small, name):
    assert set(COLUMNS[name].split()) <= set(small.tables[name].columns)


def test_small_has_the_size_promised(small):
    assert len(small.tables["accounts"]) == 400
    assert 54_000 < len(small.tables["orders"]) < 68_000


@pytest.mark.parametrize("name", ["orders", "contacts", "interactions", "invoices", "actions"])
def test_every_account_named_is_a_known_account(small, name):
    known = set(small.tables["accounts"]["account_id"])

    assert set(small.tables[name]["account_id"].dropna()) <= known


def test_other_references_hold(small):
    tables = small.tables
    accounts, managers = tables["accounts"], tables["managers"]

    assert set(accounts["parent_id"].dropna()) <= set(accounts["account_id"])
    assert not (accounts["parent_id"] == accounts["account_id"]).any()
    assert set(accounts["manager_id"].dropna()) <= set(managers["manager_id"])
    assert set(managers["reports_to"].dropna()) <= set(managers["manager_id"])
    assert set(tables["interactions"]["contact_id"].dropna()) <= set(
        tables["contacts"]["contact_id"]
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("accounts", ["account_id"]),
        ("contacts", ["contact_id"]),
        ("interactions", ["interaction_id"]),
        ("invoices", ["invoice_id"]),
        ("survey_responses", ["response_id", "item"]),
        ("defections", ["account_id"]),
        ("managers", ["manager_id"]),
        ("actions", ["action_id"]),
        ("orders", ["order_id", "product_id"]),
        ("ratings", ["account_id", "rater_id", "item"]),
        ("financials", ["account_id", "fiscal_year"]),
        ("wallet_observations", ["account_id"]),
        ("quotes", ["quote_id"]),
    ],
)
def test_keys_name_one_row(small, name, key):
    assert not small.tables[name].duplicated(key).any()


def test_nothing_observed_is_dated_outside_the_four_years(small):
    for name, table in small.tables.items():
        for column in table.select_dtypes("datetime").columns.difference(["due_date"]):
            dates = table[column].dropna()
            assert dates.max() < END, (name, column)
            if column != "birth_date":
                assert dates.min() >= pd.Timestamp("2022-01-01"), (name, column)


def test_every_account_manager_reaches_the_chief_executive_in_three_steps(small):
    managers = small.tables["managers"].set_index("manager_id")
    at = managers.index[managers["role"] == "account manager"]
    for role in ("national sales manager", "vice-president of sales", "chief executive"):
        at = managers.loc[at, "reports_to"]
        assert (managers.loc[at, "role"] == role).all()


def test_net_sales_are_list_price_less_discount_to_the_cent(small):
    orders = small.tables["orders"]
    difference = orders["net_sales"] - (orders["list_price"] - orders["discount"])

    assert difference.abs().max() < 0.001


def test_returns_are_negative_throughout_and_purchases_positive(small):
    orders = small.tables["orders"]
    back = orders["net_sales"] < 0
    same_sign = ["quantity", "list_price", "cost_of_goods"]

    assert 0.005 < back.mean() < 0.05
    assert (np.sign(orders[same_sign]).eq(np.sign(orders["net_sales"]), axis=0)).all(axis=None)
    assert (orders["order_id"].str.startswith("C") == back).all()


def test_an_invoice_is_the_sum_of_its_order(small):
    orders, invoices = small.tables["orders"], small.tables["invoices"]
    bought = orders[orders["net_sales"] > 0].groupby("order_id")["net_sales"].sum()
    billed = invoices.set_index(invoices["invoice_id"].str.replace("I", "O"))["amount"]

    assert (billed - bought.loc[billed.index]).abs().max() < 0.005
    assert len(bought) - len(billed) < 60  # those of the last days are not yet issued


def test_payment_follows_health(small):
    invoices, truth = small.tables["invoices"], small.truth["account"]
    late = (invoices["paid_date"] - invoices["due_date"]).dt.days
    by_account = late.groupby(invoices["account_id"]).mean()
    health = truth.set_index("account_id")["health_long_run"].loc[by_account.index]

    assert by_account.corr(health, method="spearman") < -0.7


def test_space_and_philosophy_are_partly_known_and_with_error(small):
    accounts = small.tables["accounts"]
    truth = small.truth["account"]
    error = np.log(accounts["addressable_spend"] / truth["wallet"]).dropna()

    assert 0.08 < accounts["addressable_spend"].notna().mean() < 0.22
    assert 0.10 < error.std() < 0.20
    assert 0.5 < accounts["philosophy_score"].notna().mean() < 0.7
    assert accounts["philosophy_score"].corr(truth["philosophy"]) > 0.8


def test_names_are_unique_and_some_are_hostile_or_not_latin(small):
    names = small.tables["accounts"]["name"]

    assert names.is_unique
    assert set(HOSTILE) <= set(names)
    assert names.str.contains("有限公司").any()


def test_same_seed_same_distributor():
    first, again = simulate("tiny", seed=3), simulate("tiny", seed=3)
    other = simulate("tiny", seed=4)

    for name, table in (first.tables | first.truth).items():
        pd.testing.assert_frame_equal(table, (again.tables | again.truth)[name])
    assert not first.tables["orders"].equals(other.tables["orders"])


@pytest.mark.parametrize("seed", range(20))
def test_a_tiny_distributor_is_whole_for_any_seed(seed):
    distributor = simulate("tiny", seed=seed)
    account = distributor.truth["account"]

    assert all(len(table) for table in distributor.tables.values())
    assert np.isfinite(account.select_dtypes("number").drop(columns=_of_the_gone(account))).all(
        axis=None
    )


def _of_the_gone(account):
    return [name for name in account if name.startswith("p_leave")]


def test_what_does_not_fit_into_memory_is_refused():
    with pytest.raises(UsageError, match="write_demo"):
        simulate("large")


def test_no_latent_name_is_among_the_observed_columns(small):
    hidden = {"archetype", "hazard", "satisfaction", "health", "cause", "person_id", "propensity"}

    for table in small.tables.values():
        assert not hidden & set(table.columns)


def test_own_settings_are_taken():
    config = Config(seed=5, n_accounts=40, contacts_a_year=0, paths=4)
    distributor = simulate(config)

    assert distributor.config == config
    assert distributor.tables["interactions"].empty
