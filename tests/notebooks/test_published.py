"""What the studies publish on the demo: the interface other tools read, and what it must say."""

import html
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import papermill
import pytest

from kamlab.studies.tables import rounded

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("notebooks")]

COLUMNS = {
    ("key-accounts", "account_facts"): {"account_id", "net_sales", "gross_profit", "margin_rate"},
    ("key-accounts", "key_accounts"): {
        "account_id", "name", "rank", "selected", "lane", "class", "score", "worth", "reason",
        "net_sales", "sales_share", "gross_profit", "margin_rate",
    },
    ("key-accounts", "exposure"): {"account_id", "sales_share", "loss_in_all"},
    ("key-accounts", "gate_prices"): {"gate", "price", "kept_out_of_list"},
    ("key-accounts", "hindsight"): {"rule", "captured_share", "best_possible"},
    ("key-accounts", "rank_uncertainty"): {"account_id", "p_listed", "rank_low", "rank_high"},
    ("key-accounts", "portfolio"): {"account_id", "attractiveness", "strength", "strategy"},
    ("key-accounts", "method_ranks"): {"account_id", "TOPSIS", "VIKOR"},
    ("key-accounts", "defection_stress"): {"account_id", "probability", "at_stake"},
    ("key-accounts", "without_the_largest"): {"largest", "left_share"},
    ("key-accounts", "method_agreement"): {"method", "TOPSIS", "VIKOR"},
    ("key-accounts", "rank_reversal"): {"method", "tried", "reordered", "replaced"},
    ("key-accounts", "criteria_weights"): {"criterion", "missing", "stated", "entropy", "critic"},
    ("key-accounts", "what_if"): {"rank", "account_id", "rank_before", "change"},
    ("key-accounts", "clusters"): {"account_id", "cluster", "kind"},
    ("key-accounts", "cluster_choice"): {"k", "silhouette", "gap", "votes"},
    ("key-accounts", "rfm"): {"account_id", "rfm_score", "segment"},
    ("coverage", "assignment"): {"account_id", "manager_id", "sponsor_id", "was", "reason"},
    ("coverage", "load"): {"manager_id", "accounts", "capacity", "at_risk"},
    ("coverage", "team"): {"account_id", "function", "expert", "gap"},
    ("coverage", "reporting_line"): {"manager_id"},
    ("coverage", "actions"): {"account_id", "action", "owner", "owner_id", "due", "why"},
    ("coverage", "joint_gain_inputs"): {"account_id", "input", "value", "origin"},
    ("coverage", "joint_gains"): {"account_id", "lever", "theirs", "ours", "gain"},
    ("coverage", "joint_split"): {"account_id", "gain", "ours", "theirs", "paid_to_account"},
    ("account-plan", "pages"): {"account_id", "folder", "decision", "message"},
    ("account-plan", "figures"): {"account_id", "figure", "value", "low", "high", "source"},
    ("account-plan", "goals"): {"account_id", "goal", "today", "target", "by"},
    ("migration", "next_period"): {
        "account_id", "name", "expected_gross_profit", "low", "high", "probability_key",
    },
    ("migration", "backtest"): {"origin", "rule", "captured_share", "regret"},
    ("migration", "league"): {"rule", "mean", "low", "high", "against_ours"},
    ("migration", "transitions"): {"from", "to", "accounts", "share", "low", "high"},
    ("migration", "moves"): {"account_id", "move", "class_before", "class", "change"},
    ("migration", "level_shifts"): {"account_id", "month", "change", "p_value"},
    ("migration", "candidates"): {"account_id", "probability_key", "support_worth", "reason"},
    ("satisfaction", "satisfaction"): {"segment", "answers", "top_two", "weighted", "no_opinion"},
    ("satisfaction", "drivers"): {"item", "relative_weight", "shapley"},
    ("satisfaction", "survey_sample"): {"account_id", "stratum", "inclusion_probability"},
    ("satisfaction", "satisfaction_of_all"): {"measure", "answered", "estimate", "low", "high"},
    ("satisfaction", "penalty_reward"): {"item", "penalty", "reward", "kind"},
    ("satisfaction", "verbatims"): {"topic", "comments", "accounts", "mean"},
    ("satisfaction", "leaving_by_answer"): {"answer", "share", "low", "high"},
    ("sources", "refused"): {"table", "file", "row", "column", "value", "reason", "expected"},
    ("sources", "reconciliation"): {"table", "rows_in", "rows_kept", "difference"},
    ("sources", "channels"): {"channel", "accounts", "only_here"},
    ("sources", "recognition"): {"records", "persons", "expected_precision", "waiting"},
    ("sources", "people_by_channel"): {"channel", "persons", "only_here", "also_elsewhere"},
    ("sources", "people_by_account"): {"account_id", "persons", "also_at_others"},
    ("sources", "recognition_evidence"): {"comparison", "level", "m", "u", "weight"},
    ("sources", "changed_company"): {"from_account", "to_account", "last_seen", "persons"},
    ("sources", "channel_lift"): {"channel", "lift", "lift_low", "lift_high"},
    ("sources", "contact_quality"): {"channel", "field", "valid_share"},
    ("sources", "to_collect"): {"what", "why", "now"},
    ("profiles", "profiles"): {"account_id", "regularity", "price_effect", "wallet", "hit_rate"},
    ("profiles", "criteria"): {
        "account_id", "criterion", "value", "standard_error", "source", "unit", "direction",
    },
    ("profiles", "criteria_guide"): {"criterion", "unit", "direction", "meaning", "collect"},
    ("profiles", "financial_standing"): {"account_id", "probability_of_default", "expected_loss"},
    ("profiles", "white_space"): {"account_id", "family", "peers_buying", "potential", "expected"},
    ("profiles", "industry"): {"setting", "value"},
    ("profiles", "management_scores"): {"account_id", "score", "standard_error", "raters"},
    ("profiles", "data_dictionary"): {"column", "unit", "meaning", "how"},
    ("profiles", "talking_points"): {"account_id", "about", "why", "worth"},
    ("profitability", "account_profit"): {
        "account_id", "net_sales", "contribution", "margin_shrunk", "margin_se", "credibility",
    },
    ("profitability", "price_waterfall"): {"step", "amount", "share_of_list"},
    ("profitability", "service_costs"): {"service", "cost", "charged", "recovered", "counted"},
    ("profitability", "loss_makers"): {"account_id", "main_cause", "mend", "to_break_even"},
    ("churn", "churn_risk"): {
        "account_id", "probability", "gross_profit_at_risk", "reason_1", "reason_2", "reason_3",
    },
    ("churn", "churn_backtest"): {"origin", "rule", "auc", "auc_low", "brier", "captured"},
    ("churn", "churn_populations"): {"population", "accounts", "events", "auc", "brier", "slope"},
    ("churn", "likely_causes"): {"account_id", "cause_1", "share_1", "cause_2", "share_2", "sign"},
    ("churn", "calls_by_manager"): {"manager_id", "call", "account_id", "reason_1"},
    ("churn", "survival"): {"segment", "time", "survival", "low", "high"},
    ("churn", "window"): {"days", "returned"},
    ("churn", "early_signs"): {"sign", "leavers", "stayers", "times"},
    ("churn", "drift"): {"measure", "index", "critical", "drifts"},
    ("value", "lifetime_value"): {
        "account_id", "expected_orders", "p_alive", "value", "low", "high",
    },
    ("value", "hold_out"): {"prediction", "expected", "came", "mean_error", "of_best"},
    ("value", "hold_out_orders"): {"prediction", "expected", "came", "mean_error"},
    ("value", "tracking"): {"day", "actual", "expected"},
    ("value", "models"): {"model", "aic", "converged"},
    ("defections", "defection_reasons"): {"reason", "recorded_share", "corrected_share", "low"},
    ("defections", "reasons_by_recorder"): {"reported_by", "share", "drawn_share", "beyond"},
    ("defections", "record_against_interview"): {"test", "pairs", "agree", "p_value"},
    ("defections", "signs_before"): {"sign", "leavers", "stayers", "difference", "low", "high"},
    ("defections", "before_leaving"): {"account_id", "day", "stayers", "unpaid", "complaints"},
    ("defections", "pace_before_leaving"): {"quarters_before", "leavers", "stayers", "shows"},
    ("defections", "reason_against_signs"): {"reason", "sign", "leavers", "stayers", "low"},
    ("defections", "reason_by_account"): {"account_id", "reason", "verdict", "avoidable"},
    ("defections", "levels"): {"year", "level", "recorded", "expected", "share", "low", "high"},
    ("defections", "win_back"): {"account_id", "left_on", "yearly", "chance", "return_chance"},
    ("defections", "lost_by_year"): {"year", "accounts", "yearly"},
    ("retention", "retention_economics"): {"segment", "kind", "churn", "gain_share", "low", "high"},
    ("retention", "profit_components"): {"tenure_year", "component", "amount", "source"},
    ("retention", "health"): {"account_id", "health", "weakest", "contact", "purchase"},
    ("retention", "interests"): {"account_id", "rhythm_kept", "complaints", "level"},
    ("retention", "health_validation"): {"scoring", "group", "auc", "low", "high"},
    ("retention", "action_effects"): {"kind", "part", "measure", "estimate", "low", "high"},
    ("retention", "plans"): {"rule", "actions", "expected_gain", "cost", "net_gain"},
    ("retention", "targets"): {
        "account_id", "action", "expected_gain", "low", "high", "cost", "owner",
    },
    ("summary", "first_actions"): {"action", "account_id"},
    ("summary", "sentences"): {"about", "sentence", "study", "table", "link"},
    ("summary", "figures"): {"about", "figure", "value", "study", "table"},
    ("coverage", "rule_prices"): {"rule", "change", "less_mismatch", "hand_overs", "said"},
    ("coverage", "managers_needed"): {"may_cross", "managers", "fewer"},
    ("coverage", "load_effect"): {"measure", "slope", "low", "high", "told", "said"},
    ("truth", "criteria_accuracy"): {
        "measure", "source", "rank_correlation", "best_possible", "coverage",
    },
    ("truth", "accuracy"): {"measure", "rank_correlation", "coverage"},
    ("truth", "regret"): {"rule", "captured_share"},
}  # fmt: skip


def _table(published, study, name):
    return pd.read_parquet(published / study / "latest" / "tables" / f"{name}.parquet")


@pytest.mark.parametrize(("study", "name"), list(COLUMNS))
def test_tables_keep_their_names_and_columns(published, study, name):
    table = _table(published, study, name)
    beside = pd.read_csv(published / study / "latest" / "tables" / f"{name}.csv")

    assert set(table.columns) >= COLUMNS[study, name]
    assert len(beside) == len(table)


def test_money_reconciles(published):
    reconciled = _table(published, "sources", "reconciliation")
    facts = _table(published, "key-accounts", "account_facts")
    listed = _table(published, "key-accounts", "key_accounts")

    assert (reconciled["difference"].dropna() == 0).all()
    assert listed["net_sales"].sum() == pytest.approx(facts["net_sales"].sum(), abs=0.01)
    assert listed["sales_share"].sum() == pytest.approx(1)


def test_every_account_has_a_reason_and_the_list_its_length(published):
    listed = _table(published, "key-accounts", "key_accounts")

    assert listed["selected"].sum() == 20
    assert listed["rank"].dropna().tolist() == list(range(1, 21))
    assert listed["reason"].str.len().min() > 20
    assert (listed.loc[listed["selected"], "class"] == "key account").all()


def test_nobody_is_to_be_kept_or_asked_who_is_on_record_as_gone(published, demo):
    told = pd.read_csv(demo / "defections.csv", parse_dates=["defection_date"])
    worth = _table(published, "value", "lifetime_value").set_index("account_id")
    once = told.groupby("account_id")["defection_date"].max()
    gone = set(once.index[(worth["value"].reindex(once.index) == 0).to_numpy()])
    assert len(gone) > 3

    ahead = _table(published, "migration", "next_period").set_index("account_id")
    assert (ahead.loc[sorted(gone), ["expected_gross_profit", "probability_key"]] == 0).all(
        axis=None
    )
    listed = _table(published, "key-accounts", "key_accounts")
    assert not listed.loc[listed["lane"] != "—", "account_id"].isin(gone).any()
    for study, name in [
        ("churn", "churn_risk"),
        ("retention", "targets"),
        ("retention", "health"),
        ("satisfaction", "survey_sample"),
        ("migration", "candidates"),
        ("key-accounts", "defection_stress"),
    ]:
        assert not _table(published, study, name)["account_id"].isin(gone).any(), (study, name)


def test_figures_of_the_summary_are_those_of_the_studies(published):
    def headlines(study):
        manifest = json.loads((published / study / "latest" / "manifest.json").read_text())
        return {line["label"]: line["value"] for line in manifest["headlines"]}

    summary, study = headlines("summary"), headlines("key-accounts")

    assert summary["Key accounts"] == study["Key accounts"]
    assert summary["Worth of the list"] == pytest.approx(study["Worth of the list"])
    assert summary["Share of all worth"] == pytest.approx(study["Share of all worth"])
    assert summary["Sell much, earn little"] == study["Volume without profit"]
    lost = [value for label, value in headlines("churn").items() if "Expected loss" in label]
    assert summary["Expected loss to leavers"] == pytest.approx(lost[0])
    gain = headlines("retention")["Expected gain of the actions"]
    assert summary["Expected gain of actions"] == pytest.approx(gain)


def test_the_list_beats_plain_rankings_on_the_truth(published):
    regret = _table(published, "truth", "regret").set_index("rule")["captured_share"]

    assert regret["the key-account list"] > 0.9
    assert regret["the key-account list"] > regret["by gross profit"] > regret["by net sales"]
    assert regret["by margin rate"] < 0.5


def test_measures_hold_on_the_truth(published):
    card = _table(published, "truth", "accuracy").set_index("measure")
    price = card.loc["price against peers (accounts without a concession)"]
    wallet = card.loc["business space (wallet not given)"]

    assert price["rank_correlation"] > 0.7
    assert wallet["rank_correlation"] > 0.6
    assert 0.84 <= price["coverage"] <= 0.97
    assert 0.84 <= wallet["coverage"] <= 0.97


def test_pages_carry_what_they_promise(published):
    for page in published.glob("*/latest/index.html"):
        text = page.read_text()
        images = re.findall(r"<img[^>]*>", text)

        assert page.stat().st_size < 2_000_000
        assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
        assert not re.search(r'(?:src|href)="https?://', text)
        assert "<b>Bold" not in text  # a hostile name of the demo is text, not markup


def test_every_page_and_manifest_names_the_industry_profile(published):
    for page in published.glob("*/latest/index.html"):
        told = json.loads((page.parent / "manifest.json").read_text(encoding="utf-8"))["industry"]
        assert told["name"] == "Flexible packaging"
        assert f"Flexible packaging · {told['sha256'][:8]}" in page.read_text(encoding="utf-8")


def test_plain_papermill_gives_the_same_numbers(published, demo, tmp_path, store, monkeypatch):
    monkeypatch.setenv("KAMLAB_STORE", str(store))
    papermill.execute_notebook(
        ROOT / "notebooks" / "key_accounts.ipynb",
        tmp_path / "out.ipynb",
        parameters={
            "data": str(demo),
            "out": str(tmp_path / "tables"),
            "published": str(published),  # it reads the profiles where they are published
        },
        kernel_name="python3",
        progress_bar=False,
    )
    plain = pd.read_parquet(next((tmp_path / "tables").rglob("key_accounts.parquet")))

    pd.testing.assert_frame_equal(plain, _table(published, "key-accounts", "key_accounts"))


def test_only_orders_are_needed(demo, tmp_path, kamlab):
    bare = tmp_path / "bare"
    bare.mkdir()
    orders = pd.read_parquet(demo / "orders.parquet")
    columns = ["account_id", "order_id", "order_date", "net_sales"]
    orders[columns].to_csv(bare / "orders.csv", index=False)

    kamlab(
        *("run", "sources", "key-accounts", "summary", "--data", bare, "--out", tmp_path / "out"),
    )
    listed = _table(tmp_path / "out", "key-accounts", "key_accounts")
    page = (tmp_path / "out" / "key-accounts" / "latest" / "index.html").read_text()

    assert listed["gross_profit"].isna().all()
    told = json.loads((tmp_path / "out" / "summary" / "latest" / "manifest.json").read_text())
    assert any("net sales, not profit" in said for said in told["warnings"])
    assert "Sell much, earn little" not in [one["label"] for one in told["headlines"]]
    assert listed["worth"].max() == listed["net_sales"].max()
    assert "makes no claim about margin" in page


def test_adventureworks(shared_data, tmp_path, kamlab):
    shared_data("adventureworks")
    kamlab(
        *("run", "sources", "key-accounts", "--data", "data/examples/adventureworks.toml"),
        *("--out", tmp_path, "-p", "key_accounts=21"),
    )
    reconciled = _table(tmp_path, "sources", "reconciliation").set_index("table").loc["orders"]
    listed = _table(tmp_path, "key-accounts", "key_accounts")
    losing = listed["gross_profit"] < 0
    enough = listed["net_sales"] >= listed.loc[listed["selected"], "net_sales"].min()

    assert round(reconciled["amount_kept"], 2) == 80_450_596.98
    assert losing.sum() > 100
    assert not listed.loc[losing, "class"].eq("key account").any()
    assert not (losing & listed["selected"]).any()
    assert listed.loc[losing & enough, "class"].eq("volume without profit").all()
    assert len(_table(tmp_path, "key-accounts", "hindsight")) >= 3


def test_online_retail(shared_data, tmp_path, kamlab):
    shared_data("online_retail")
    kamlab(
        *("run", "sources", "key-accounts", "--data", "data/examples/online_retail.toml"),
        *("--out", tmp_path),
    )
    reconciled = _table(tmp_path, "sources", "reconciliation").set_index("table").loc["orders"]
    refused = _table(tmp_path, "sources", "refused")
    listed = _table(tmp_path, "key-accounts", "key_accounts")

    assert reconciled["rows_in"] == 541_909
    assert reconciled["rows_kept"] == 406_829
    assert reconciled["amount_in"] == pytest.approx(9_747_747.934, abs=0.001)
    assert reconciled["difference"] == 0
    assert set(refused["column"].dropna()) == {"account_id"}
    assert np.isnan(listed["margin_rate"]).all()
    assert not listed["class"].isin(["key account", "volume without profit"]).any()


def test_the_plan_of_actions_keeps_its_promises(published):
    chosen = _table(published, "retention", "targets")
    plans = _table(published, "retention", "plans").set_index("rule")
    earned = _table(published, "retention", "health")["profit"].clip(lower=0).sum()
    assert chosen["account_id"].is_unique
    assert chosen["cost"].sum() == pytest.approx(plans.loc["this plan", "cost"])
    assert chosen["cost"].sum() <= 0.0101 * earned  # one per cent of last year's, unless said
    assert (chosen["low"] <= chosen["expected_gain"]).all()
    assert (chosen["expected_gain"] <= chosen["high"]).all()
    assert plans["net_gain"].idxmax() == "this plan" or np.isclose(
        plans["net_gain"].max(), plans.loc["this plan", "net_gain"]
    )


def test_every_key_account_has_a_plan_of_the_studies_own_figures(published):
    plans = published / "account-plan" / "latest"
    manifest = json.loads((plans / "manifest.json").read_text())
    pages = _table(published, "account-plan", "pages")
    key = _table(published, "key-accounts", "key_accounts").query("selected").sort_values("rank")
    figures = _table(published, "account-plan", "figures")
    actions = _table(published, "account-plan", "actions")
    worth = _table(published, "value", "lifetime_value").set_index("account_id")["value"]
    risk = _table(published, "churn", "churn_risk").set_index("account_id")["probability"]

    assert manifest["parameters"]["edition"] == "public"
    assert pages["account_id"].tolist() == key["account_id"].tolist()
    for figure, study in (("Value in the time ahead", worth),
                          ("Probability of leaving", risk)):  # fmt: skip
        shown = figures[figures["figure"] == figure].set_index("account_id")["value"]
        assert len(shown) > 15
        assert shown.to_numpy() == pytest.approx(study[shown.index].to_numpy())
    due = _table(published, "coverage", "actions")
    assert len(actions) == len(due)
    assert (due["why"].str.len() > 5).all()
    assert due["owner_id"].notna().mean() > 0.5


def test_a_public_plan_names_nobody(published, demo):
    persons = pd.read_csv(demo / "seminar_participants.csv")
    people = _table(published, "account-plan", "people")
    shown = "".join(
        page.read_text() for page in published.glob("account-plan/latest/pages/*/index.html")
    )
    named = [name for name in persons["participant"].dropna().unique() if len(name) > 6]

    assert {"function", "people"} <= set(people.columns)
    assert "name" not in people
    assert not [name for name in named if name in shown]
    assert not list(published.glob("account-plan/latest/pages/*/tables/last_contacts.*"))


def test_a_plan_is_two_pages_of_paper(published, chromium):
    edge = dict.fromkeys(("top", "bottom", "left", "right"), "10mm")
    page = chromium.new_page()
    for path in sorted(published.glob("account-plan/latest/pages/*/index.html"))[:6]:
        page.goto(path.as_uri())
        made = page.pdf(format="A4", margin=edge)
        assert len(re.findall(rb"/Type\s*/Page\b", made)) <= 2, path
    page.close()


def _figures_of_the_studies(published):
    """Work out from the studies' own tables what the management page says, its own way."""
    key = _table(published, "key-accounts", "key_accounts")
    listed = set(key.loc[key["selected"], "account_id"])
    exposure = _table(published, "key-accounts", "exposure")
    coming = _table(published, "migration", "next_period")
    value = _table(published, "value", "lifetime_value").set_index("account_id")["value"]
    risk = _table(published, "churn", "churn_risk").set_index("account_id")["gross_profit_at_risk"]
    targets = _table(published, "retention", "targets")
    win_back = _table(published, "defections", "win_back")
    assigned = _table(published, "coverage", "assignment")
    team = _table(published, "coverage", "team")
    due = _table(published, "coverage", "actions")
    orders = _table(published, "sources", "reconciliation").set_index("table")
    moves = _table(published, "migration", "moves")["move"].value_counts()
    own = risk[[account in listed for account in risk.index]]
    return {
        ("Key accounts", "accounts"): len(listed),
        ("Key accounts", "share"): key.query("selected")["worth"].sum()
        / key.query("worth > 0")["worth"].sum(),
        ("Little profit", "accounts"): len(exposure),
        ("Little profit", "share"): exposure["sales_share"].sum(),
        ("Little profit", "contribution"): exposure["contribution"].sum(),
        ("On their way up", "accounts"): (key["lane"] == "develop").sum(),
        ("Changed", "joined"): moves["became key"],
        ("Changed", "left"): moves["ceased to be key"],
        ("Next period", "accounts"): len(set(coming["account_id"].iloc[:20]) - listed),
        ("Next period", "places"): 20,
        ("Next period", "captured"): _table(published, "migration", "league")["mean"].max(),
        ("Value ahead", "key"): value[[account in listed for account in value.index]].sum(),
        ("Value ahead", "all"): value.sum(),
        ("At risk", "all"): risk.sum(),
        ("At risk", "key"): own.sum(),
        ("Act", "actions"): len(targets),
        ("Act", "cost"): targets["cost"].sum(),
        ("Act", "gain"): targets["expected_gain"].sum(),
        ("Act", "low"): targets["low"].sum(),
        ("Act", "high"): targets["high"].sum(),
        ("Lost", "accounts"): len(win_back),
        ("Lost", "yearly"): win_back["yearly"].sum(),
        ("Coverage", "today"): assigned["was"].isna().sum(),
        ("Coverage", "after"): assigned["manager_id"].isna().sum(),
        ("Sponsors", "sponsor"): assigned["sponsor_id"].isna().sum(),
        ("Sponsors", "key"): len(assigned),
        ("Teams", "gaps"): team["gap"].ne("").sum(),
        ("Teams", "needs"): len(team),
        ("Due", "actions"): len(due),
        ("Due", "accounts"): due["account_id"].nunique(),
        ("Data", "lines"): orders.loc["orders", "rows_kept"],
        ("Data", "amount"): orders.loc["orders", "amount_kept"],
        ("Data", "refused"): orders["rows_refused"].sum(),
    }


def test_who_is_gone_by_record_or_silence_is_on_no_list(published):
    key = _table(published, "key-accounts", "key_accounts")
    gates = key.set_index("account_id")["gate_failed"].str.split(", ")
    for gate, known_by in (("gone", "record"), ("silent", "silence")):
        kept_off = set(gates[[gate in failed for failed in gates]].index)
        left = _table(published, "defections", "win_back")
        known = left.loc[left["known_by"] == known_by, "account_id"]
        assert kept_off == set(known) & set(gates.index)
        assert kept_off
    silent = key[key["gate_failed"].str.contains("silent")]
    assert silent["reason"].str.startswith("Silent for ").all()
    lost = set(_table(published, "defections", "win_back")["account_id"])
    for table in ("portfolio", "exposure", "defection_stress"):
        assert not lost & set(_table(published, "key-accounts", table)["account_id"])
    assert not lost & set(key.loc[key["lane"] != "—", "account_id"])


def test_what_to_do_first_names_an_account_once(published):
    first = _table(published, "summary", "first_actions")["account_id"]
    assert len(first) > 10
    assert first.is_unique


def test_every_figure_of_the_management_page_is_that_of_its_study(published):
    figures = _table(published, "summary", "figures").set_index(["about", "figure"])["value"]
    known = _figures_of_the_studies(published)

    assert set(figures.index) == set(known)
    for key, value in figures.items():
        assert value == pytest.approx(float(known[key])), key
    page = (published / "summary" / "latest" / "index.html").read_text()
    for row in _table(published, "summary", "sentences").itertuples():
        # whatever number stands in a sentence is one of its figures, and the sentence on the page
        mine = figures[row.about]
        shown = [*mine]
        if {"low", "high"} <= set(mine.index):  # as a headline: what the interval supports
            shown += [rounded(value, mine["low"], mine["high"]) for value in mine]
        forms = {one.format(value) for value in shown for one in ("{:,.0f}", "{:.0%}", "{:.1%}")}
        numbers = re.findall(r"[−]?\d[\d,.]*%?", re.sub(r"\d{4}-\d\d-\d\d", "", row.sentence))
        assert {n.replace("−", "-").rstrip(".,") for n in numbers} <= forms, row.sentence
        assert html.escape(row.sentence, quote=False) in page


def test_every_sentence_of_the_management_page_leads_to_its_evidence(published):
    shown = (published / "summary" / "latest" / "index.html").read_text()
    sentences = _table(published, "summary", "sentences")

    assert len(sentences) >= 12
    for row in sentences.itertuples():
        path, _, section = row.link.partition("#")
        target = published / "summary" / "run" / path
        page = Path(os.path.normpath(target))
        assert page.is_file(), row.link
        assert not section or f'id="{section}"' in page.read_text(), row.link
        assert (page.parent / "tables" / f"{row.table}.parquet").is_file(), row.about
        # the page pins the run that it read
        end = re.escape(f"/index.html#{section}" if section else "/index.html")
        assert re.search(rf'href="\.\./\.\./{row.study}/[^"/]+{end}"', shown), row.about
