"""How near do the retention estimates come to what only the simulation knows? Several seeds.

    python benchmarks/retention_truth.py [--seeds 10] [--parts reasons] [--out FILE]

Every figure of one seed comes from the observed tables alone and is then held against the truth.
"""

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from kamlab.accounts import account_facts
from kamlab.accounts.days import daily_sums
from kamlab.accounts.prices import price_sums
from kamlab.retention import satisfaction, waves
from kamlab.retention.before_leaving import before_leaving
from kamlab.retention.kano import NAMES, kano_items
from kamlab.retention.offers import offer_chances, won_back
from kamlab.retention.past_actions import action_effects, around_actions
from kamlab.retention.plan import expected_costs, expected_gains, rival_plans, still_there
from kamlab.retention.rates import effect_rates, rates_by_account
from kamlab.retention.reasons import avoidable
from kamlab.retention.recent import account_standing
from kamlab.retention.silent import reckon_silent
from kamlab.retention.targets import choose_targets
from kamlab.retention.true_reasons import true_reasons
from kamlab.retention.win_back import gone_accounts
from kamlab.simulation import Distributor, preset, simulate
from kamlab.simulation.distributor import draw_world
from kamlab.simulation.leaving import AVOIDABLE, CAUSES
from kamlab.simulation.panel import ACTION_MONTHS, KINDS
from kamlab.simulation.rollouts import Policy, roll_out
from kamlab.simulation.win_back_offers import KINDS as OFFERS
from kamlab.simulation.win_back_offers import SHARES, return_chance

END = date(2026, 1, 1)
PATHS = 512  # roll-outs behind each true effect, twice


def reasons_of(world: Distributor) -> dict[str, float]:
    """Hold shares of reasons and what was avoidable against the true causes."""
    tables, left = world.tables, world.tables["defections"]
    daily = daily_sums(tables["orders"], END)
    gone = gone_accounts(daily, left, END, gone_after=400)
    happened = before_leaving(
        daily,
        gone,
        END,
        prices=price_sums(tables["orders"], END),
        invoices=tables["invoices"],
        interactions=tables["interactions"],
        survey_responses=tables["survey_responses"],
    )
    telling = happened.summary.loc[happened.summary["low"] > 0, "sign"].tolist()
    signs = happened.signs.set_index("account_id").reindex(left["account_id"])[telling]
    cause = world.truth["defection"].set_index("account_id")["cause"].reindex(left["account_id"])
    true = cause.value_counts(normalize=True)
    found = true_reasons(left, signs=signs)
    alone = true_reasons(left, draws=0)
    low, high = np.quantile(found.draws, [0.05, 0.95], axis=0)
    held = true.reindex(found.shares.index).fillna(0.0)
    could = cause.isin(AVOIDABLE).to_numpy()
    said = (avoidable(found)[0] > 0.5).to_numpy()
    return {
        "interviews": left["interview_reason"].notna().sum(),
        "reasons: error recorded": _apart(left["reason"].value_counts(normalize=True), true),
        "reasons: error interviews only": _apart(
            left["interview_reason"].value_counts(normalize=True), true
        ),
        "reasons: error corrected, interviews": _apart(alone.shares, true),
        "reasons: error corrected, signs too": _apart(found.shares, true),
        "reasons: shares in 90 % intervals": ((low <= held) & (held <= high)).mean(),
        "avoidable: F1": _f1(said, could),
        "avoidable: F1 of the record": _f1(left["reason"].isin(AVOIDABLE).to_numpy(), could),
        "avoidable: F1 of calling all so": _f1(np.ones(len(could), bool), could),
    }


def _apart(shares: pd.Series, true: pd.Series) -> float:
    """Sum the absolute differences of shares."""
    return float(shares.sub(true, fill_value=0.0).abs().sum())


def _f1(said: np.ndarray, true: np.ndarray) -> float:
    """Give the harmonic mean of precision and recall."""
    return float(2 * (said & true).sum() / (said.sum() + true.sum()))


def satisfaction_of(world: Distributor) -> dict[str, float]:
    """Hold weighted and unweighted satisfaction of every wave against all accounts'."""
    responses = world.tables["survey_responses"]
    answers = waves.wide_answers(responses)
    truth = world.truth["survey"]
    truth = truth[(truth["segment"] == "all") & (truth["item"] == "overall")].set_index("wave")
    rows = []
    for wave in sorted(answers["wave"].unique())[2:]:
        facts = account_facts(world.tables["orders"], wave.date())
        mine = waves.weighted_wave(answers, wave, facts).assign(score=lambda t: t["overall"])
        mine["score"] = mine["score"].round()
        true, size = truth.loc[wave], int((facts["net_sales_12m"] > 0).sum())
        for name, weight in (("weighted", "weight"), ("unweighted", None)):
            row = satisfaction.satisfaction(mine, weight=weight, population=size).iloc[0]
            for measure, column in (("top_two", "top_two_share"), ("mean", "mean_score")):
                inside = row[f"{measure}_low"] <= true[column] <= row[f"{measure}_high"]
                rows.append((name, measure, inside, row[measure] - true[column]))
        known = waves.known_before(
            facts,
            wave,
            answers=answers,
            interactions=world.tables["interactions"],
            accounts=world.tables["accounts"],
        )
        scores = mine.set_index("account_id")["score"].reindex(known.index)
        called = responses[responses["wave"] == wave].groupby("account_id")["mode"].first()
        all_of = reckon_silent(
            scores, known, friendlier=(called == "call").reindex(known.index), draws=100
        ).table.set_index("measure")
        for measure, column in (("top_two", "top_two_share"), ("mean", "mean_score")):
            row = all_of.loc[measure]
            inside = row["low"] <= true[column] <= row["high"]
            rows.append(("silent reckoned in", measure, inside, row["estimate"] - true[column]))
    table = pd.DataFrame(rows, columns=["way", "measure", "inside", "off"])
    means = table.groupby(["way", "measure"]).mean()
    return {
        f"satisfaction: {measure.replace('_', ' ')} {what}, {way}": means.loc[(way, measure), what]
        for measure in ("top_two", "mean")
        for way in ("unweighted", "weighted", "silent reckoned in")
        for what in ("inside", "off")
    }


def win_back_of(world: Distributor) -> dict[str, float]:
    """Hold the offers chosen for those that are gone, and Kano's kinds, against the truth."""
    offers = world.tables["win_back_offers"]
    daily = daily_sums(world.tables["orders"], END)
    gone = gone_accounts(daily, world.tables["defections"], END, gone_after=400)
    gone = gone[~gone["account_id"].isin(won_back(offers, daily, END))]
    chances, judged = offer_chances(offers, daily, gone, END)
    kinds = kano_items(world.tables["kano_answers"]).set_index("item")["category"]
    planted = world.truth["kano"].set_index("item")["kind"].map(NAMES).str.replace("_", "-")
    found = {
        "kano: items of the right kind": float((kinds.reindex(planted.index) == planted).mean())
    }
    if chances.empty:
        return found
    last = offers.merge(world.truth["win_back"], on=["account_id", "date"])
    last = last.drop_duplicates("account_id", keep="last").set_index("account_id")
    made = chances[chances["account_id"].isin(last.index)].set_index("account_id")
    last = last.loc[made.index]
    bought = (last["offer"] / last["share"]).to_numpy()
    cause = last["cause"].map(CAUSES.index).to_numpy()
    day = world.truth["defection"].set_index("account_id")["left_date"].loc[made.index]
    years = ((pd.Timestamp(END) - day).dt.days / 365).to_numpy()

    def comes(share: np.ndarray, kind: np.ndarray) -> np.ndarray:
        return return_chance(share, kind, cause, years)

    def net(share: np.ndarray, kind: np.ndarray) -> np.ndarray:
        return comes(share, kind) * (last["value"].to_numpy() - share * bought)

    ours = made["offer"].to_numpy() / bought, made["offer_kind"].map(OFFERS.index).to_numpy()
    each = [
        net(np.full(len(made), share), np.full(len(made), kind))
        for share in SHARES
        for kind in range(len(OFFERS))
    ]
    best = float(np.max(each, axis=0).sum())
    told = judged.set_index("part").loc["happens", "shape"] != "none"
    return found | {
        "win-back: whether told": float(told),
        "win-back: chance expected": float(made["offer_chance"].mean()),
        "win-back: chance true": float(comes(*ours).mean()),
        "win-back: share of best, chosen": float(net(*ours).sum()) / best,
        "win-back: share of best, any offer by lot": float(np.mean(each, axis=0).sum()) / best,
    }


def effects_of(world: Distributor, around: pd.DataFrame) -> dict[str, float]:
    """Hold average effects of actions on profit against their true averages."""
    true = world.truth["action"].set_index("action_id")["effect"]
    mean = (
        around.assign(true=around["action_id"].map(true)).groupby(["kind", "part"])["true"].mean()
    )
    table = action_effects(around)[0]
    money = table[table["measure"] == "profit"].set_index(["kind", "part"])
    held = (money["low"] <= mean) & (mean <= money["high"])
    plain = (money["plain"] - mean).abs()
    judged = money.index.get_level_values("part") == "by judgement"
    return {
        "effects: in 95 % intervals": held.reindex(money.index).mean(),
        "effects: in 95 % intervals, by judgement": held[judged].mean(),
        "effects: plain off by, judged (EUR)": plain[judged].mean(),
        "effects: estimate off by, judged (EUR)": (money["estimate"] - mean).abs()[judged].mean(),
    }


def policy_of(world: Distributor, around: pd.DataFrame) -> dict[str, float]:
    """Hold the plan and its rivals against the best that full knowledge would choose.

    The best knows every account's own reaction to care, of which nothing observed tells. What can
    be reached without that is shown beside it: the same programme with the true average effect of
    each kind on the profit of last year.
    """
    halves = [_true_gains(world, seed) for seed in (98, 99)]
    standing = account_standing(world.tables["orders"], END)
    stays = still_there(standing)
    worth = pd.DataFrame(
        {
            "account_id": standing["account_id"],
            "net_sales": standing["net_sales_before"],
            "profit": standing["profit_before"],
            "stays": stays.to_numpy(float),
        }
    )
    rates = effect_rates(around)
    costs = expected_costs(around, worth)
    own, _ = rates_by_account(around, rates, standing)
    long = expected_gains(worth, own)
    gains = long.pivot_table(index="account_id", columns="action", values="expected_gain")
    gains = gains.reindex(index=costs.index, columns=costs.columns)
    judge = Judge([half.reindex(costs.index).fillna(0.0) for half in halves], costs, worth)
    budget = judge.budget
    known = judge.by_average()
    mine = choose_targets(gains, costs, budget)
    leaving = world.truth["account"].set_index("account_id")["p_leave_365"]
    orders = {
        "highest churn probability": leaving.reindex(costs.index),
        "biggest": worth.set_index("account_id")["net_sales"],
    }
    plans = {
        "true average effects known": choose_targets(known, costs, budget).table,
        "chosen": mine.table,
        "threshold rule": mine.threshold,
    }
    plans |= dict(iter(rival_plans(gains, costs, budget, orders).groupby("rule")))
    return {f"policy: share of best, {name}": judge.share(plan) for name, plan in plans.items()}


class Judge:
    """Says what share of the best gain a plan of actions truly has.

    Parameters
    ----------
    halves : list of two pd.DataFrame
        True gains by account and kind, and `base`, over two halves of the simulated paths.
    costs : pd.DataFrame
        Of each action, of the same accounts.
    worth : pd.DataFrame
        `profit` and `stays` of the same accounts in the same order.
    """

    def __init__(
        self, halves: list[pd.DataFrame], costs: pd.DataFrame, worth: pd.DataFrame
    ) -> None:
        self.true, self.costs, self.worth = sum(halves) / 2, costs, worth
        self.budget = 0.02 * worth["profit"].clip(lower=0).sum()
        # chosen by one half of the paths and judged by the other, so that luck is not taken for
        # skill
        self.best = np.mean(
            [
                _gained(choose_targets(one[costs.columns], costs, self.budget).table, other)
                for one, other in (halves, halves[::-1])
            ]
        )

    def share(self, plan: pd.DataFrame) -> float:
        """Give what a plan truly gains, as a share of the best."""
        return _gained(plan, self.true) / self.best

    def by_average(self) -> pd.DataFrame:
        """Expect of each account the true average effect of each kind on last year's profit."""
        worthy = self.true["base"] > 0
        average = self.true.loc[worthy, self.costs.columns].sum()
        average = average / self.true.loc[worthy, "base"].sum()
        last = (self.worth["profit"] * self.worth["stays"]).clip(lower=0)
        last = last.set_axis(self.costs.index)
        return pd.DataFrame({kind: last * rate for kind, rate in average.items()})


def _gained(plan: pd.DataFrame, by: pd.DataFrame) -> float:
    """Add up what the actions of a plan truly bring, less their cost."""
    taken = zip(plan["account_id"], plan["action"], strict=True)
    return float(sum(by.loc[one, action] for one, action in taken) - plan["cost"].sum())


def _true_gains(world: Distributor, seed: int) -> pd.DataFrame:
    """Give what each kind really adds to each account's next year, and that year (`base`)."""
    config = replace(world.config, paths=PATHS)
    drawn = draw_world(config)

    def rolled(policy: Policy) -> np.ndarray:
        return roll_out(
            drawn.history.end,
            drawn.latents,
            drawn.management,
            config,
            policy,
            horizons=(12,),
            seed=(config.seed, seed),
            keep=12,
        ).values.mean(axis=0)

    active = drawn.history.end.active
    base = rolled(Policy())
    true = pd.DataFrame({"base": base * active}, index=drawn.identity.ids)
    for number, kind in enumerate(KINDS):

        def start(state: object, number: int = number) -> None:
            state.running[number] = ACTION_MONTHS  # type: ignore[attr-defined]

        true[kind] = (rolled(Policy(start=start)) - base) * active
    return true


def main() -> None:
    """Judge all seeds and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--size", default="small")
    parser.add_argument("--parts", default="reasons,satisfaction,win_back,effects,policy")
    parser.add_argument("--out", default="")
    args = parser.parse_args()
    made: dict[int, dict[str, float]] = {}
    parts = args.parts.split(",")
    for seed in range(1, args.seeds + 1):
        world = simulate(preset(args.size, seed))
        daily = daily_sums(world.tables["orders"], END)
        around = around_actions(daily, world.tables["actions"], END)
        found = made.setdefault(seed, {})
        found |= reasons_of(world) if "reasons" in parts else {}
        found |= satisfaction_of(world) if "satisfaction" in parts else {}
        found |= win_back_of(world) if "win_back" in parts else {}
        found |= effects_of(world, around) if "effects" in parts else {}
        found |= policy_of(world, around) if "policy" in parts else {}
        print(f"seed {seed} done", flush=True)
    table = pd.DataFrame(made).T
    lines = ["| what | mean | least | most |", "| --- | ---: | ---: | ---: |"]
    for name, values in table.items():
        shown = [f"{value:,.3f}" for value in (values.mean(), values.min(), values.max())]
        lines.append(f"| {name} | {' | '.join(shown)} |")
    text = "\n".join([f"Seeds 1 to {args.seeds}, size {args.size}.", "", *lines, ""])
    if args.out:
        Path(args.out).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
