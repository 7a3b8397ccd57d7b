"""How much of the best plan of actions can be had without knowing each account's own reaction?

    python benchmarks/retention_limit.py [--seeds 10]

True effects of every action on every account of as many other worlds teach a gradient boosting
model, which no firm could have: first from all observed columns, then with every hidden trait but
the reaction to care as well, then with the reaction. Each then plans in worlds it has not seen.
"""

import argparse

import numpy as np
import pandas as pd
from retention_truth import END, Judge, _true_gains
from sklearn.ensemble import HistGradientBoostingRegressor

from kamlab.accounts.days import daily_sums
from kamlab.retention.past_actions import around_actions, covariates
from kamlab.retention.plan import expected_costs, still_there
from kamlab.retention.recent import account_standing
from kamlab.retention.targets import choose_targets
from kamlab.simulation import Distributor, preset, simulate

_REACTION = ["response"]
_OUTCOMES = ("expected_", "realised_", "value", "uplift_", "is_key_")


def world_of(seed: int) -> dict[str, pd.DataFrame]:
    """Simulate a world: what is seen and hidden of its accounts, true gains, costs and worth."""
    world = simulate(preset("small", seed))
    orders = world.tables["orders"]
    standing = account_standing(orders, END)
    ids = pd.Index(standing["account_id"], name="account_id")
    worth = standing[["account_id"]].assign(
        net_sales=standing["net_sales_before"],
        profit=standing["profit_before"],
        stays=still_there(standing),
    )
    hidden = world.truth["account"].set_index("account_id").reindex(ids)
    plain = [name for name in hidden.select_dtypes("number") if not name.startswith(_OUTCOMES)]
    plain = [name for name in plain if name not in _REACTION]
    halves = [_true_gains(world, half).reindex(ids).fillna(0.0) for half in (98, 99)]
    return {
        "seen": _seen(world, standing, ids),
        "hidden": hidden[plain].astype(float),
        "reaction": hidden[_REACTION].astype(float),
        "one half": halves[0],
        "other half": halves[1],
        "costs": expected_costs(
            around_actions(daily_sums(orders, END), world.tables["actions"], END), worth
        ),
        "worth": worth.set_index("account_id"),
    }


def _seen(world: Distributor, standing: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    """Put together the observed columns of an account that could bear on how it reacts."""
    tables, year = world.tables, pd.Timestamp(END) - pd.Timedelta(days=365)
    seen = covariates(standing).set_axis(ids)
    seen = seen.assign(
        sales=standing["net_sales_before"].to_numpy(),
        profit=standing["profit_before"].to_numpy(),
        order_days=standing["order_days"].to_numpy(),
    )
    master = tables["accounts"].set_index("account_id").reindex(ids)
    numbers = master.select_dtypes("number").add_prefix("master ")
    codes = master[["industry", "region"]].apply(lambda c: c.astype("category").cat.codes)
    orders = tables["orders"][tables["orders"]["order_date"] >= year].groupby("account_id")
    sums = orders[["net_sales", "cost_of_goods", "cost_to_serve"]].sum()
    talks = tables["interactions"][tables["interactions"]["occurred_at"] >= year]
    answers = tables["survey_responses"]
    paid = pd.to_datetime(tables["invoices"]["paid_date"]) - tables["invoices"]["due_date"]
    more = [
        numbers,
        codes,
        sums[["cost_of_goods", "cost_to_serve"]].div(sums["net_sales"], axis=0),
        orders["discount"].mean(),
        talks.groupby("account_id")["sentiment"].agg(["size", "mean"]).add_prefix("talks "),
        answers.pivot_table(index="account_id", columns="item", values="score"),
        answers.pivot_table(index="account_id", columns="item", values="importance").add_prefix(
            "importance of "
        ),
        tables["ratings"]
        .pivot_table(index="account_id", columns="item", values="value")
        .add_prefix("rated "),
        paid.dt.days.groupby(tables["invoices"]["account_id"]).mean().rename("days late"),
    ]
    seen = seen.join([table.reindex(ids) for table in more])
    return seen.assign(managed=master["manager_id"].notna()).astype(float)


def main() -> None:
    """Learn from the other worlds, plan in these, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    worlds = [world_of(seed) for seed in range(1, 2 * seeds + 1)]
    mine, others = worlds[:seeds], worlds[seeds:]
    kinds = list(mine[0]["costs"].columns)
    known = {
        "all that is observed": ["seen"],
        "every hidden trait too, but the reaction": ["seen", "hidden"],
        "the reaction too": ["seen", "hidden", "reaction"],
    }
    plans: list[dict[str, pd.DataFrame]] = [{} for _ in mine]
    for name, parts in known.items():
        models = {kind: _taught(others, parts, kind) for kind in kinds}
        for world, made in zip(mine, plans, strict=True):
            x, sales = _features(world, parts), world["seen"]["sales"].clip(lower=1).to_numpy()
            made[name] = pd.DataFrame(
                {kind: model.predict(x) * sales for kind, model in models.items()},
                world["costs"].index,
            )
    rows = [_reached(world, made) for world, made in zip(mine, plans, strict=True)]
    table = pd.DataFrame(rows).agg(["mean", "min", "max"]).T
    print(f"Share of the best possible gain, seeds 1 to {seeds}, taught by as many others.\n")
    print("| known | mean | least | most |\n| --- | ---: | ---: | ---: |")
    for name, (middle, least, most) in zip(table.index, table.to_numpy(), strict=True):
        print(f"| {name} | {middle:.3f} | {least:.3f} | {most:.3f} |")


def _features(world: dict[str, pd.DataFrame], parts: list[str]) -> np.ndarray:
    """Set parts of what is known side by side."""
    return pd.concat([world[part] for part in parts], axis=1).to_numpy()


def _taught(
    worlds: list[dict[str, pd.DataFrame]], parts: list[str], kind: str
) -> HistGradientBoostingRegressor:
    """Learn the true effect per sales of an action from whole worlds."""
    x = np.vstack([_features(world, parts) for world in worlds])
    sales = np.concatenate([world["seen"]["sales"].clip(lower=1) for world in worlds])
    true = np.concatenate([(world["one half"] + world["other half"])[kind] / 2 for world in worlds])
    rate = true / sales
    most = np.quantile(np.abs(rate), 0.995)
    model = HistGradientBoostingRegressor(
        max_iter=250,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=30,
        l2_regularization=1.0,
        random_state=0,
    )
    return model.fit(x, rate.clip(-most, most), sample_weight=sales**0.7)


def _reached(world: dict[str, pd.DataFrame], made: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Plan by each way of knowing and give the share of the best that it truly gains."""
    costs = world["costs"]
    judge = Judge([world["one half"], world["other half"]], costs, world["worth"])
    found = choose_targets(judge.by_average(), costs, judge.budget)
    shares = {
        "true average of each kind": judge.share(found.table),
        "the same, threshold rule": judge.share(found.threshold),
    }
    for name, gains in made.items():
        shares[name] = judge.share(choose_targets(gains, costs, judge.budget).table)
    return shares


if __name__ == "__main__":
    main()
