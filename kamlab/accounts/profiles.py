"""What is known of each account, in one row: history, rhythm, price, power, space, payment?"""

from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.concerns import concerns, known_topics
from kamlab.accounts.days import daily_sums, monthly_sums
from kamlab.accounts.engine import as_day, as_lines, between, to_pandas
from kamlab.accounts.facts import account_facts
from kamlab.accounts.habits import cadence, season, weekdays
from kamlab.accounts.management import philosophy_scores, scores_from_behaviour
from kamlab.accounts.payment import payment_conduct
from kamlab.accounts.planning import plan_conduct
from kamlab.accounts.power import bargaining_power
from kamlab.accounts.prices import price_effects, price_sums
from kamlab.accounts.profile_columns import PROFILE
from kamlab.accounts.quoting import quote_conduct
from kamlab.accounts.reached import people_reached
from kamlab.accounts.space import MEAN
from kamlab.accounts.standing import Standing, financial_standing
from kamlab.accounts.trade import credit_rules, space_of
from kamlab.accounts.variety import family_sales, variety, white_space
from kamlab.sources.industry import Industry, shipped
from kamlab.sources.keys import fold, told_by
from kamlab.sources.memory import give_back

YEAR = timedelta(days=365)
DAY_SUMS = ("account_id", "day", "net_sales", "quantity", "orders", "lines")
"""What profiles read of account-days."""


def profiles(
    orders: IntoFrame,
    as_of: date,
    *,
    accounts: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    financials: pd.DataFrame | None = None,
    ratings: pd.DataFrame | None = None,
    wallet_observations: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
    forecasts: pd.DataFrame | None = None,
    activities: pd.DataFrame | None = None,
    quotes: pd.DataFrame | None = None,
    industry: Industry | None = None,
    wallets: str = MEAN,
    families: pd.DataFrame | None = None,
    lacking: pd.DataFrame | None = None,
    stand: Standing | None = None,
    priced: pd.DataFrame | None = None,
    facts: pd.DataFrame | None = None,
    months: pd.DataFrame | None = None,
    days: pd.DataFrame | None = None,
    kept: IntoFrame | None = None,
) -> pd.DataFrame:
    """Put everything known of each account into one row.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines.
    as_of : date
        Exclusive.
    accounts, invoices, interactions, financials, ratings, wallet_observations, contacts, \
            forecasts, activities, quotes : pd.DataFrame, optional
        Canonical tables; without one, its columns are missing throughout.
    industry : Industry, optional
        Its families, channels, thresholds and rates; default the shipped profile.
    wallets : {"mean", "quantile"}, default "mean"
        How unknown wallets are learnt, see `kamlab.accounts.space.business_space`.
    families, lacking : pd.DataFrame, optional
        Sales by family of the 365 days before and the white space among them, as
        `kamlab.accounts.variety.family_sales` and `white_space` give them, where they were made
        before.
    stand : Standing, optional
        Of the same invoices and balance figures, where it was made before.
    priced : pd.DataFrame, optional
        From `prices_of`, where it was made before: of very many purchases that takes most memory.
    facts, months, days : pd.DataFrame, optional
        From `kamlab.accounts.account_facts`, `monthly_sums` and `daily_sums` (of `DAY_SUMS`) of the
        same orders and day, where they were made before.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept.

    Returns
    -------
    pd.DataFrame
        One row an account with an order line before `as_of`, sorted by `account_id`; columns as
        `PROFILE` describes them.
    """
    trade = industry or shipped()
    if priced is None:
        priced = prices_of(orders, as_of, accounts)
    if facts is None:
        facts = account_facts(orders, as_of, kept=kept)
    if days is None:
        days = daily_sums(orders, as_of, kept=kept, columns=DAY_SUMS)
    rhythm = cadence(days, as_of).drop(columns=["order_days", "days_since_last_order"])
    of_week = weekdays(days, as_of)
    del days  # the longest table
    if months is None:
        months = monthly_sums(orders, as_of, kept=kept, columns=["quantity", "order_days"])
    parts = [
        rhythm,
        season(months),
        of_week,
        _order_channel(orders, as_of, trade),
        _families(orders, as_of, accounts, trade, (families, lacking)),
        priced,
        space_of(trade, facts, accounts, wallet_observations, as_of, method=wallets),
        _payment(invoices, as_of, accounts, trade),
        _credit(
            stand
            or financial_standing(invoices, as_of, financials=financials, **credit_rules(trade))
        ),
        _contacts(interactions, as_of),
        None if contacts is None else people_reached(contacts, interactions, as_of),
        None if forecasts is None else plan_conduct(forecasts, months, as_of),
        None if quotes is None else quote_conduct(quotes, as_of),
        None if activities is None else _rush(activities, facts, as_of, trade),
    ]
    table = facts
    for part in parts:
        if part is not None:
            table = table.merge(part, on="account_id", how="left")
    management = _management(table, accounts, ratings, as_of)
    table = table.merge(management, on="account_id", how="left")
    table = table.reindex(columns=list(dict.fromkeys([*table.columns, *PROFILE])))
    if quotes is not None:
        table["quotes_12m"] = table["quotes_12m"].fillna(0.0)
    table = table.assign(**_power(table, accounts))
    if "contacts_12m" in table and interactions is not None:
        table["contacts_12m"] = table["contacts_12m"].fillna(0.0)
    return table[list(PROFILE)].sort_values("account_id", ignore_index=True)


def _order_channel(orders: IntoFrame, as_of: date, trade: Industry) -> pd.DataFrame | None:
    """Give the channel of most order lines, where the orders name one."""
    lines = between(as_lines(orders), None, as_day(as_of))
    if "channel" not in lines.collect_schema().names():
        return None
    named = lines.filter(~nw.col("channel").is_null())
    counts = to_pandas(named.group_by("account_id", "channel").agg(lines=nw.len()))
    ordered = counts.sort_values(["account_id", "lines", "channel"], ascending=[True, False, True])
    first = ordered.drop_duplicates("account_id")
    known = {name: fold(name) in trade.channels["digital"] for name in counts["channel"].unique()}
    is_digital = counts["channel"].map(known).astype(bool)
    digital = counts["lines"].where(is_digital, 0).groupby(counts["account_id"]).sum()
    share = digital / counts.groupby("account_id")["lines"].sum()
    first = first.assign(digital_order_share=first["account_id"].map(share))
    first = first.rename(columns={"channel": "order_channel"})
    return first[["account_id", "order_channel", "digital_order_share"]]


def _families(
    orders: IntoFrame,
    as_of: date,
    accounts: pd.DataFrame | None,
    trade: Industry,
    made: tuple[pd.DataFrame | None, pd.DataFrame | None],
) -> pd.DataFrame | None:
    """Measure the variety of families, and name the one to offer next."""
    sales, lacking = made
    if sales is None:
        sales = family_sales(orders, as_of, start=as_of - YEAR, family=trade.family)
    if sales is None or sales.empty:
        return None
    if lacking is None:
        lacking = white_space(
            sales, kinds=kinds_of(accounts), least_peers=trade.thresholds["family_peers"]
        )
    best = lacking.drop_duplicates("account_id")[["account_id", "family", "expected"]]
    best = best.rename(columns={"family": "next_family", "expected": "next_family_sales"})
    table = variety(sales).merge(best, on="account_id", how="left")
    if trade.modern:
        modern = sales["net_sales"].where(sales["family"].isin(trade.modern), 0.0)
        share = (
            modern.groupby(sales["account_id"]).sum()
            / sales.groupby("account_id")["net_sales"].sum()
        )
        table["modern_share"] = table["account_id"].map(share)
    return table


def _rush(
    activities: pd.DataFrame, facts: pd.DataFrame, as_of: date, trade: Industry
) -> pd.DataFrame:
    """Give the share of the last year's orders that were rush orders, by what was done for them."""
    when = pd.to_datetime(activities["date"])
    end = pd.Timestamp(as_of)
    seen = activities[(when < end) & (when >= end - YEAR)]
    times = seen.loc[told_by(seen["activity"], trade.rush), "account_id"].value_counts()
    orders = facts["orders_12m"].where(facts["orders_12m"] > 0)
    share = facts["account_id"].map(times).fillna(0.0) / orders
    return pd.DataFrame({"account_id": facts["account_id"], "rush_share": share.clip(upper=1.0)})


def kinds_of(accounts: pd.DataFrame | None) -> pd.Series | None:
    """Give the kind of each account: its industry, where the table of accounts names it."""
    if accounts is None or "industry" not in accounts:
        return None
    return accounts.drop_duplicates("account_id").set_index("account_id")["industry"]


def prices_of(
    orders: IntoFrame, as_of: date, accounts: pd.DataFrame | None = None
) -> pd.DataFrame | None:
    """Compare prices of the last two years, within regions where they are known.

    Parameters
    ----------
    orders, as_of, accounts
        As of `profiles`.

    Returns
    -------
    pd.DataFrame or None
        `account_id`, `price_effect`, `price_effect_se` and `price_gap`, see
        `kamlab.accounts.prices.price_effects`; None where no line names product and quantity.
    """
    found = [price_sums(orders, as_of, start=as_of - 2 * YEAR)]
    if found[0] is None or found[0].empty:
        return None
    regions = None
    if accounts is not None and "region" in accounts:
        regions = accounts.drop_duplicates("account_id").set_index("account_id")["region"]
    # given away, so that what is the largest table of all is not held while it is fitted
    effects = price_effects(found.pop(), regions=regions).rename(
        columns={"standard_error": "price_effect_se"}
    )
    give_back()
    return effects[["account_id", "price_effect", "price_effect_se", "price_gap"]]


def _payment(
    invoices: pd.DataFrame | None, as_of: date, accounts: pd.DataFrame | None, trade: Industry
) -> pd.DataFrame | None:
    """Measure payment conduct, where there are invoices."""
    if invoices is None or invoices.empty:
        return None
    conduct = payment_conduct(
        invoices, as_of, accounts=accounts, late_days=trade.thresholds["late_days"]
    )
    columns = ["days_beyond_terms", "days_beyond_terms_se", "late_share", "receivable"]
    conduct = conduct.rename(columns={"overdue": "overdue_amount"})
    return conduct[
        ["account_id", *columns, "overdue_amount", "dso", "best_possible_dso", "credit_use"]
    ]


def _credit(stand: Standing | None) -> pd.DataFrame | None:
    """Give what a profile tells of an account's standing."""
    if stand is None:
        return None
    table = stand.table.rename(
        columns={"source": "default_source", "log_odds_se": "default_log_odds_se", "zone": "z_zone"}
    )
    return table.drop(columns=["in_default", "exposure"])


def _management(
    table: pd.DataFrame,
    accounts: pd.DataFrame | None,
    ratings: pd.DataFrame | None,
    as_of: date,
) -> pd.DataFrame:
    """Score management: by ratings, else as the customer file has it, else by behaviour."""
    names = ["philosophy_score", "philosophy_se", "philosophy_source"]
    made = pd.DataFrame(
        columns=names, index=pd.Index(table["account_id"].unique(), name="account_id")
    )
    made = made.astype(
        {"philosophy_score": float, "philosophy_se": float, "philosophy_source": "object"}
    )
    if accounts is not None and "philosophy_score" in accounts:
        file = accounts.drop_duplicates("account_id").set_index("account_id")["philosophy_score"]
        made["philosophy_score"] = file.reindex(made.index).astype(float)
        made.loc[made["philosophy_score"].notna(), "philosophy_source"] = "given"
    rated = None if ratings is None or ratings.empty else philosophy_scores(ratings, as_of)
    if rated is not None:
        score = rated.table.set_index("account_id").reindex(made.index)
        there = score["score"].notna()
        made.loc[there, "philosophy_score"] = score["score"]
        made.loc[there, "philosophy_se"] = score["standard_error"]
        made.loc[there, "philosophy_source"] = "estimated"
    behaved = scores_from_behaviour(made["philosophy_score"], table.set_index("account_id"))
    if len(behaved):
        made.loc[behaved.index, "philosophy_score"] = behaved["score"]
        made.loc[behaved.index, "philosophy_se"] = behaved["standard_error"]
        made.loc[behaved.index, "philosophy_source"] = "estimated"
    return made.reset_index()


def _contacts(interactions: pd.DataFrame | None, as_of: date) -> pd.DataFrame | None:
    """Count contacts and find the main concern, where there are interactions."""
    if interactions is None or "account_id" not in interactions:
        return None
    end = pd.Timestamp(as_of)
    when = pd.to_datetime(interactions["occurred_at"])
    seen = interactions[(when < end) & interactions["account_id"].notna()]
    when = pd.to_datetime(seen["occurred_at"])
    counted = pd.DataFrame(
        {
            "contacts_12m": (when >= end - YEAR).groupby(seen["account_id"]).sum().astype(float),
            "days_since_contact": (end - when.groupby(seen["account_id"]).max()).dt.days,
        }
    ).reset_index()
    if "concern" not in seen or seen["concern"].isna().all():
        return counted
    named = concerns(seen.assign(concern=known_topics(seen["concern"]).of_text), as_of)
    main = named.drop_duplicates("account_id").rename(
        columns={"concern": "main_concern", "share": "concern_share", "trend": "concern_trend"}
    )
    columns = ["account_id", "main_concern", "concern_share", "concern_trend"]
    return counted.merge(main[columns], on="account_id", how="left")


def _power(table: pd.DataFrame, accounts: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Say who depends on whom, and score bargaining power from the signs of it."""
    earned = table["gross_profit_12m"]
    earned = earned if earned.notna().any() else table["net_sales_12m"]
    positive = earned.clip(lower=0)
    ours = positive / positive.sum() if positive.sum() > 0 else positive * np.nan
    its = table["share_of_wallet"].astype(float)
    known = pd.DataFrame(index=table.index)
    if accounts is not None:
        known = accounts.drop_duplicates("account_id").set_index("account_id")
        known = known.reindex(table["account_id"]).reset_index(drop=True)
    # power used shows in the price obtained, power held in size and in whom else it could turn to
    signs = pd.DataFrame(
        {
            "price_obtained": -table["price_effect"].astype(float),
            "size": table["wallet"].astype(float),
            "alternatives": pd.to_numeric(known.get("alternatives", np.nan)),
            "competitors": table["competitors_met"].astype(float),
            "terms": pd.to_numeric(known.get("payment_terms_days", np.nan)),
        },
        index=table.index,
    ).astype(float)
    buying = table["net_sales_12m"] > 0
    # accounts that no longer buy are scored beside those that do
    scored = bargaining_power(signs)
    told = signs[["price_obtained", "alternatives", "competitors"]].notna().any(axis=1)
    score = scored["power"].where(told)
    centre = score[buying].mean()
    score = score - (centre if np.isfinite(centre) else 0.0)
    return {
        "our_dependence": ours.fillna(0.0) if ours.notna().any() else ours,
        "its_dependence": its,
        "dependence_gap": ours - its,
        "bargaining_power": 100 * score.rank(pct=True),
        "bargaining_score": score,
        "bargaining_score_se": scored["standard_error"].where(told),
    }
