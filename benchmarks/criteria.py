"""The measured criteria against the truth that only the simulation knows, over several seeds.

    python benchmarks/criteria.py [--seeds 10] [--size small]

Each demo's profiles are made as the studies make them, for accounts that still buy. Rank
correlations with the truth are the mean over seeds with the least and the most; coverages are those
of 90 % intervals over all accounts of all seeds. Wallets are compared where they were not given,
with both ways of learning them; management where people rated it, where only the customer file has
a score, and where only behaviour tells.
"""

import argparse

import numpy as np
import pandas as pd

from kamlab import accounts
from kamlab.accounts.management import philosophy_scores
from kamlab.accounts.profiles import profiles
from kamlab.accounts.profit import account_profit
from kamlab.accounts.space import business_space, known_wallets
from kamlab.simulation import simulate
from kamlab.simulation.config import END

TABLES = (
    "accounts", "invoices", "interactions", "financials", "ratings", "wallet_observations",
    "contacts", "forecasts", "quotes",
)  # fmt: skip
_Z90 = 1.645


def _seed(seed: int, size: str) -> list[dict]:
    """Measure one world; one row a measure, with the accounts whose interval held."""
    world = simulate(size, seed=seed)
    orders, given = world.tables["orders"], {name: world.tables[name] for name in TABLES}
    made = profiles(orders, END, **given).set_index("account_id")
    truth = world.truth["account"].set_index("account_id")
    here = made[(made["net_sales_12m"] > 0) & truth["active"].reindex(made.index)]
    true = truth.reindex(here.index)
    power = (true["bargaining"] - true["bargaining"].mean()) / true["bargaining"].std()
    rows = [
        _row("bargaining power", here["bargaining_score"], power, here["bargaining_score_se"]),
        _row("price against peers", here["price_effect"], -true["price_effect"]),
        _row("standing by days beyond terms", -here["days_beyond_terms"], true["health"]),
        _row("standing by probability of default", -here["probability_of_default"],
             true["health"]),
        _row("standing by Z''", here["z_score"], true["health"]),
    ]  # fmt: skip
    told = known_wallets(given["accounts"], given["wallet_observations"], END)
    facts = accounts.account_facts(orders, END)
    for method in ("mean", "quantile"):
        space = business_space(told, facts, method=method).set_index("account_id")
        space = space.reindex(here.index)
        space = space[space["wallet_source"] == "estimated"]
        rows.append(
            _row(f"wallet not given, {method}", space["wallet"], true["wallet"])
            | _inside(true["wallet"], space["wallet_low"], space["wallet_high"])
            | {"above": float((space["wallet"] >= true["wallet"].reindex(space.index)).mean())}
        )
    philosophy = 3 + 0.8 * true["philosophy"]
    rated = philosophy_scores(given["ratings"], END).table.set_index("account_id")
    by_people = here.index.isin(rated.index)
    file = given["accounts"].set_index("account_id")["philosophy_score"].reindex(here.index)
    by_behaviour = ~by_people & file.isna().to_numpy()
    score, error = here["philosophy_score"], here["philosophy_se"]
    rows += [
        _row("management, rated", score[by_people], philosophy, error[by_people]),
        _row("management, customer file", score[~by_people & ~by_behaviour], philosophy),
        _row("management, behaviour only", score[by_behaviour], philosophy, error[by_behaviour]),
        _row("share of forecasts and philosophy", here["forecast_share"], philosophy),
        _row("steady plans and philosophy", -here["plan_change"], philosophy),
    ]
    profit = account_profit(orders, END, start=END.replace(year=END.year - 1))
    worth = (
        profit["contribution"].dropna().sort_values(ascending=False).cumsum()
        / profit["contribution"].sum()
    )
    day = pd.to_datetime(orders["order_date"])
    year = orders[(day >= pd.Timestamp(END.replace(year=END.year - 1))) & (day < pd.Timestamp(END))]
    gap = abs(float(profit["net_sales"].sum()) - float(year["net_sales"].sum()))
    rows.append({"measure": "whale: end", "rank": float(worth.iloc[-1]), "accounts": len(worth)})
    rows.append({"measure": "whale: peak", "rank": float(worth.max()), "accounts": len(worth)})
    rows.append({"measure": "ledger: distance", "rank": round(gap, 2), "accounts": len(profit)})
    return [row | {"seed": seed} for row in rows]


def _inside(true: pd.Series, low: pd.Series, high: pd.Series) -> dict:
    """Count the truths inside their intervals."""
    there = true.reindex(low.index)
    held = (there >= low) & (there <= high) & low.notna()
    return {"held": int(held.sum()), "asked": int(low.notna().sum())}


def _row(
    measure: str, estimate: pd.Series, true: pd.Series, error: pd.Series | None = None
) -> dict:
    """Compare one measure with the truth."""
    both = pd.DataFrame({"estimate": estimate, "true": true}).dropna()
    row = {
        "measure": measure,
        "accounts": len(both),
        "rank": both["estimate"].corr(both["true"], method="spearman"),
    }
    if error is None:
        return row
    known = error.dropna().index.intersection(both.index)
    middle, half = both.loc[known, "estimate"], _Z90 * error[known]
    return row | _inside(both.loc[known, "true"], middle - half, middle + half)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--size", default="small")
    asked = parser.parse_args()
    rows = [row for seed in range(1, asked.seeds + 1) for row in _seed(seed, asked.size)]
    by = pd.DataFrame(rows).groupby("measure", sort=False)
    table = by["rank"].agg(["mean", "min", "max"])
    sums = by[["held", "asked", "accounts"]].sum()
    table["coverage"] = sums["held"] / sums["asked"].replace(0, np.nan)
    table["above"] = by["above"].mean()
    table["accounts"] = sums["accounts"]
    print(f"{asked.seeds} seeds of size {asked.size}: rank correlation (else the figure itself)")
    print(table.round(3).to_string(na_rep=""))


if __name__ == "__main__":
    main()
