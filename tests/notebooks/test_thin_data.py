"""Every study says what it can on data that hold little, and fails on none of them."""

import json

import numpy as np
import pandas as pd
import pytest

from kamlab.sources.schema import TABLES

DAYS = pd.date_range("2023-01-02", "2024-12-30", freq="D")


def _orders(seed, *, accounts=60, a_year=8.0):
    """Draw order days of accounts with sales between 10 and 10,000 and no other column."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(accounts):
        count = max(int(generator.poisson(2 * a_year * generator.gamma(1.0))), 1)
        days = np.sort(generator.choice(len(DAYS), size=min(count, len(DAYS)), replace=False))
        size = float(np.exp(generator.normal(6, 1)))
        for place, day in enumerate(days):
            amount = round(size * generator.gamma(4.0) / 4 + 10, 2)
            rows.append((f"K{number:03d}", f"O{number:03d}-{place}", DAYS[day], amount))
    return pd.DataFrame(rows, columns=["account_id", "order_id", "order_date", "net_sales"])


def only_what_is_required():
    """All tables, each with its required columns alone."""
    generator = np.random.default_rng(1)
    orders = _orders(2)
    ids = orders["account_id"].unique()
    some = ids[:30]
    count = len(some)
    return {
        "orders": orders,
        "accounts": pd.DataFrame({"account_id": ids}),
        "contacts": pd.DataFrame({"contact_id": np.arange(40)}),
        "interactions": pd.DataFrame(
            {
                "interaction_id": np.arange(100),
                "channel": "telephone",
                "occurred_at": generator.choice(DAYS, 100),
            }
        ),
        "invoices": pd.DataFrame(
            {
                "invoice_id": np.arange(len(orders)),
                "account_id": orders["account_id"],
                "invoice_date": orders["order_date"],
                "due_date": orders["order_date"] + pd.Timedelta(days=30),
                "amount": orders["net_sales"],
            }
        ),
        "survey_responses": pd.DataFrame(
            {
                "response_id": np.arange(count),
                "account_id": some,
                "wave": "2024-06-01",
                "item": "overall",
                "score": generator.integers(1, 6, count),
            }
        ),
        "defections": pd.DataFrame({"account_id": ids[:5], "defection_date": "2024-09-01"}),
        "contracts": pd.DataFrame(
            {
                "contract_id": np.arange(10),
                "account_id": ids[:10],
                "start_date": "2024-01-01",
            }
        ),
        "ratings": pd.DataFrame(
            {
                "account_id": some,
                "rater_id": "R1",
                "item": "strategy",
                "value": generator.integers(1, 6, count),
                "date": "2024-05-01",
            }
        ),
        "financials": pd.DataFrame(
            {
                "account_id": some,
                "fiscal_year": 2022,
                "total_assets": 1000.0,
                "total_liab": generator.integers(0, 1200, count),
            }
        ),
        "wallet_observations": pd.DataFrame(
            {
                "account_id": some,
                "year": 2023,
                "total_purchases": generator.integers(0, 9999, count),
            }
        ),
        "forecasts": pd.DataFrame(
            {
                "account_id": some,
                "period": "2024-06-01",
                "made_at": "2024-05-01",
                "quantity": generator.integers(0, 99, count),
            }
        ),
        "quotes": pd.DataFrame(
            {
                "quote_id": np.arange(count),
                "account_id": some,
                "quoted_at": generator.choice(DAYS, count),
                "amount": 500.0,
            }
        ),
        "services": pd.DataFrame(
            {"account_id": some, "provided_at": generator.choice(DAYS, count), "service": "sample"}
        ),
        "activities": pd.DataFrame(
            {"account_id": some, "date": generator.choice(DAYS, count), "activity": "visit"}
        ),
        "cost_rates": pd.DataFrame({"activity": ["visit", "artwork"]}),
        "win_back_offers": pd.DataFrame({"account_id": ids[:5], "date": "2023-06-01"}),
        "kano_answers": pd.DataFrame(
            {
                "account_id": ids[:12],
                "wave": "2024-03-01",
                "item": "delivery",
                "functional": 2,
                "dysfunctional": 5,
            }
        ),
        "managers": pd.DataFrame({"manager_id": ["M1", "M2"], "name": ["A. One", "B. Two"]}),
        "actions": pd.DataFrame(
            {
                "action_id": np.arange(count),
                "account_id": some,
                "date": "2024-03-01",
                "kind": "visit",
                "treated": generator.integers(0, 2, count),
                "cost": 100,
            }
        ),
    }


def every_line_at_a_loss():
    orders = _orders(3, a_year=20).query("order_date >= '2024-08-01'")
    return {"orders": orders.assign(cost_of_goods=(orders["net_sales"] * 1.1).round(2))}


def nobody_came_back():
    return {"orders": _orders(4, accounts=150).drop_duplicates("account_id")}


def one_account():
    return {"orders": _orders(5, accounts=1, a_year=20)}


def everything_on_one_day():
    return {"orders": _orders(6).assign(order_date="2024-05-06")}


def mostly_returns_and_free_lines():
    orders = _orders(7)
    generator = np.random.default_rng(7)
    kind = generator.choice([1.0, -1.0, 0.0], len(orders), p=[0.5, 0.3, 0.2])
    return {"orders": orders.assign(net_sales=orders["net_sales"] * kind)}


def awkward_names_and_a_giant():
    orders = _orders(8, accounts=40)
    ids = orders["account_id"].unique()
    names = dict(
        zip(ids, ["007", '客户"甲"', "O'Neil, Sons", "<b>x</b>", "=1+1", *ids[5:]], strict=True)
    )
    orders["account_id"] = orders["account_id"].map(names)
    orders.loc[orders["account_id"] == "007", "net_sales"] *= 1e6
    orders["cost_of_goods"] = np.where(orders.index % 3, orders["net_sales"] * 0.8, np.nan)
    orders["quantity"] = 0
    orders["product_id"] = "only"
    return {
        "orders": orders,
        "accounts": pd.DataFrame({"account_id": ["007", "nobody"], "name": ["", "N"]}),
    }


def optional_columns_without_a_value():
    """Every optional column is there and empty, and lines name accounts that nobody knows."""
    tables = only_what_is_required()
    for name, table in tables.items():
        for column in TABLES[name].columns:
            if column.name not in table:
                table[column.name] = np.nan
    tables["interactions"]["account_id"] = "stranger"
    tables["survey_responses"]["account_id"] = [f"S{n}" for n in range(30)]
    return tables


def two_answers_and_actions_without_comparison():
    tables = only_what_is_required()
    tables["survey_responses"] = tables["survey_responses"].head(2)
    tables["actions"] = tables["actions"].assign(treated=1, assignment="lot")
    tables["managers"] = tables["managers"].head(1).assign(role="account manager", capacity=1)
    tables["interactions"] = (
        tables["interactions"].head(3).assign(account_id="K001", concern="late")
    )
    return tables


CASES = [
    awkward_names_and_a_giant,
    optional_columns_without_a_value,
    nobody_came_back,
    one_account,
    *(
        pytest.param(case, marks=pytest.mark.slow)
        for case in (
            only_what_is_required,
            two_answers_and_actions_without_comparison,
            every_line_at_a_loss,
            mostly_returns_and_free_lines,
            everything_on_one_day,
        )
    ),
]


def _written(tables, folder):
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_every_study_is_published(case, tmp_path, kamlab):
    tables = case()
    out = tmp_path / "out"
    kamlab("run", "--all", "--data", _written(tables, tmp_path / "data"), "--out", out)
    facts = pd.read_parquet(out / "profiles" / "latest" / "tables" / "profiles.parquet")
    orders = tables["orders"]
    assert facts["net_sales"].sum() == pytest.approx(orders["net_sales"].sum(), rel=1e-9)
    assert set(facts["account_id"]) == set(orders["account_id"])


@pytest.mark.parametrize(
    ("as_of", "studies"),
    [
        pytest.param("2023-01-12", ("profiles", "churn"), id="ten days after the first order"),
        pytest.param(
            "2025-11-30", ("key-accounts", "satisfaction"), id="all have been silent long"
        ),
    ],
)
def test_a_study_says_what_it_can_on_odd_days(as_of, studies, tmp_path, kamlab):
    tables, out = only_what_is_required(), tmp_path / "out"
    tables["accounts"]["parent_id"] = tables["accounts"]["account_id"].where(
        lambda one: one > "K009", "K000"
    )
    data = _written(tables, tmp_path / "data")  # groups, of which no account has a name
    kamlab("run", *studies, "--data", data, "--out", out, "--as-of", as_of)

    warned = json.loads((out / studies[0] / "latest" / "manifest.json").read_text())["warnings"]
    assert ("if orders no longer arrive" in " ".join(warned)) == (as_of > "2025")


@pytest.mark.parametrize("named", [True, False])
def test_managers_whom_accounts_name_keep_them_where_no_table_lists_managers(
    named, tmp_path, kamlab
):
    orders, out = _orders(3), tmp_path / "out"
    ids = sorted(orders["account_id"].unique())
    names = np.array(["Ana", "Bruno", "Célia"])[np.arange(len(ids)) % 3]
    accounts = pd.DataFrame({"account_id": ids, "region": "north"})
    if named:
        accounts["manager_id"] = names
    data = _written({"orders": orders, "accounts": accounts}, tmp_path / "data")
    kamlab("run", "key-accounts", "coverage", "summary", "--data", data, "--out", out)

    def table(study, name):
        return pd.read_parquet(out / study / "latest" / "tables" / f"{name}.parquet")

    assigned = table("coverage", "assignment")
    steps = set(table("summary", "first_actions")["action"])
    said = table("summary", "sentences").set_index("about")["sentence"]
    assert "Sponsors" not in said
    if named:
        today = assigned["account_id"].map(dict(zip(ids, names, strict=True)))
        assert (assigned["was"] == today).all()
        kept = assigned["manager_id"] == today
        load = table("coverage", "load").set_index("manager_id")["accounts"]
        assert (load <= 9).all()
        assert kept.sum() >= today.value_counts().clip(upper=9).sum() - 1  # one moves to even out
        assert "agree a plan" in steps
        assert said["Coverage"].startswith("0 key accounts have no manager today, 0 would")
    else:
        assert assigned["manager_id"].isna().all()
        assert "name a manager, agree a plan" in steps
        assert "do not tell who looks after" in said["Coverage"]


def test_value_says_what_it_can_where_nobody_came_back(tmp_path, kamlab):
    tables, out = nobody_came_back(), tmp_path / "out"
    kamlab("run", "value", "--data", _written(tables, tmp_path / "data"), "--out", out)
    folder = out / "value" / "latest" / "tables"
    assert not (folder / "lifetime_value.parquet").exists()
    so_far = pd.read_parquet(folder / "bought_so_far.parquet")
    orders = tables["orders"]
    assert so_far["net_sales"].sum() == pytest.approx(orders["net_sales"].sum())


def test_without_cost_no_study_weighs_sales_against_what_is_spent(demo, tmp_path, kamlab):
    data = tmp_path / "data"
    data.mkdir()
    lines = pd.read_parquet(demo / "orders.parquet")
    lines[["account_id", "order_id", "order_date", "net_sales"]].to_csv(
        data / "orders.csv", index=False
    )
    for name in ("actions", "win_back_offers", "defections"):
        pd.read_csv(demo / f"{name}.csv").to_csv(data / f"{name}.csv", index=False)
    out = tmp_path / "out"

    def table(study, name):
        return pd.read_parquet(out / study / "latest" / "tables" / f"{name}.parquet")

    kamlab("run", "key-accounts", "retention", "defections", "--data", data, "--out", out)
    economics = table("retention", "retention_economics")
    assert table("retention", "targets").empty
    assert economics["break_even_cost"].isna().all()
    assert economics["gain_share"].notna().any()
    assert "offer_net" not in table("defections", "win_back")
    told = json.loads((out / "key-accounts" / "latest" / "manifest.json").read_text())
    assert "Volume without profit" not in [one["label"] for one in told["headlines"]]

    kamlab("run", "churn", "-p", "contact_cost=500", "--data", data, "--out", out)
    page = (out / "churn" / "latest" / "index.html").read_text()
    assert "on whom acting pays cannot be told" in page

    kamlab("run", "retention", "-p", "assumed_margin=0.2", "--data", data, "--out", out)
    health = table("retention", "health").dropna(subset="net_sales")
    np.testing.assert_allclose(health["profit"], 0.2 * health["net_sales"], atol=0.01)
    assert table("retention", "retention_economics")["break_even_cost"].notna().any()
    chosen = table("retention", "targets")
    assert (chosen["expected_gain"] > chosen["cost"]).all()
    assert len(chosen)


def test_accounts_without_cost_are_counted_and_kept_off_the_list(demo, tmp_path, kamlab):
    lines = pd.read_parquet(demo / "orders.parquet")
    lines = lines[["account_id", "order_id", "order_date", "net_sales", "cost_of_goods"]]
    dates = pd.to_datetime(lines["order_date"])
    last_year = lines[(dates >= "2025-01-01") & (dates < "2026-01-01")]
    sales = last_year.groupby("account_id")["net_sales"].sum()
    without = sales.nlargest(60).index[::3]  # among them some that would be key
    lines.loc[lines["account_id"].isin(without), "cost_of_goods"] = np.nan
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    lines.to_csv(data / "orders.csv", index=False)
    kamlab("run", "key-accounts", "--data", data, "--out", out, "--as-of", "2026-01-01")

    folder = out / "key-accounts" / "latest"
    warned = " ".join(json.loads((folder / "manifest.json").read_text())["warnings"])
    share = sales[without].sum() / sales.clip(lower=0).sum()
    assert f"Of {len(without)} accounts with {share:.0%} of sales no cost is known" in warned
    listed = pd.read_parquet(folder / "tables" / "key_accounts.parquet")
    chosen = listed.loc[listed["selected"], "account_id"]
    assert len(chosen)
    assert not set(chosen) & set(without)
