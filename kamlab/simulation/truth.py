"""What is true? The tables of `truth/`, which no study but the truth test may read.

Money in EUR. Expected values are means over `Config.paths` roll-outs from the state at the end of
the data (2026-01-01), each with its standard error in the column that ends in `_error`; managers
stay where they are and no new actions are taken, and so it goes in the realised years.

account, one row an account
    account_id, archetype, joined (first day as a customer).
    Latents: log_wallet_start, growth (a year), philosophy, health_long_run, bargaining,
    price_sensitivity, quality_sensitivity, culture_fit, brand_trust (standard scores), complexity
    (factor on cost to serve), share_base (logit), price_effect (share of list price given away),
    cost_ratio (cost over list amount), response (to care, mean 1), sleeping_dog (response below
    0), rhythm (Gamma shape of gaps), order_rate (a month), season_peak (month 1-12),
    season_amplitude.
    At the end of the data: active, fallen (partial defection under way), wallet (yearly purchases
    in our categories from anyone), share_of_wallet, satisfaction, health, contact, region,
    competitor_strength, monthly_hazard (probability of leaving at the end of January 2026),
    p_leave_90, p_leave_180, p_leave_365 (within 3, 6, 12 months; missing where gone).
    Future: expected_… and realised_… net_sales, gross_profit, contribution (gross profit less
    cost to serve less credit loss) over _12m and _36m; left (first day without the account,
    missing if it stays to the end of 2028).
    Value, contribution of 36 months discounted at 10 % a year: value (V0, nobody manages),
    value_managed (V_kam, an average manager with nine accounts), value_supported (V_support,
    development support from 2026-01-01), value_status_quo; uplift_managed and uplift_supported,
    their differences from V0 before costs.
    Key: is_key_value (among the top K by value_status_quo, K = accounts managed now);
    is_key_uplift (among the top K by uplift_managed, and above `MANAGEMENT_COST`); is_key_policy
    (meets the four textbook criteria on the latents: philosophy above 0, health above -0.3, margin
    in the upper two thirds, expected net sales in the top fifth).
month, one row a month of an active account
    account_id, month, hazard (probability of leaving at its end), satisfaction, health, contact,
    managed (quality of management, 0 = nobody), fall (factor on purchases, 1 = whole), volume
    (expected purchases at the first month's list prices).
action, one row an observed action
    action_id, account_id, kind, treated, assignment, propensity (true probability of treatment),
    contribution_without, contribution_with (expected, 12 months), effect (their difference before
    the action's cost) and effect_error, stay_without, stay_with (probability of being a customer
    after 12 months).
person, one row a true person
    person_id, account_id, earlier_account_id, moved (first day at the present account), name,
    name_latin, gender, birth_date, homonyms (number of other persons of the very name).
link, one row a contact record
    contact_id, channel, person_id, account_id (when the record was written).
manager
    manager_id, skill, load_start, load_end, load_effect_end.
product
    product_id, category, list_price_start (a kilogram), cost_ratio.
market, one row a month to the end of 2028
    month, price_level, cost_level (factors since the first month).
rater
    rater_id, severity (points that the rater takes off; their mean is 0).
quote
    account_id, hit_probability (chance of winning a quote once it is decided).
defection; survey, survey_sample; interaction; win_back; kano
    See `defections.draw_defections`, `surveys.draw_surveys`, `interactions.draw_interactions`,
    `win_back_offers.draw_win_back_offers`, `kano_answers.draw_kano_answers`.
"""

import numpy as np
import pandas as pd

from kamlab.simulation.actions import actions_table
from kamlab.simulation.config import HORIZON, MONTHS
from kamlab.simulation.distributor import World
from kamlab.simulation.history import NEVER
from kamlab.simulation.latents import ARCHETYPES, REGIONS
from kamlab.simulation.managers import load_effect, manager_ids
from kamlab.simulation.orders import CATEGORIES
from kamlab.simulation.panel import ACTION_MONTHS, KINDS, State
from kamlab.simulation.rollouts import Outcome, Policy, roll_out

MANAGEMENT_COST = 9_000.0  # EUR a year and account, one ninth of a manager
_SEED = 12
_HORIZONS = (3, 6, 12, 36)


def _support(state: State) -> None:
    """Start development support with every account."""
    state.running[KINDS.index("development support")] = ACTION_MONTHS


POLICIES = {
    "status_quo": Policy(),
    "": Policy(managed=0.0),
    "managed": Policy(managed=float(load_effect(9.0))),
    "supported": Policy(managed=0.0, start=_support),
}


def account_truth(world: World, sums: np.ndarray) -> pd.DataFrame:
    """Make the table `account`; see the module's text for its columns.

    Parameters
    ----------
    world : World
    sums : numpy.ndarray of shape (36, 3, n)
        Net sales, gross profit and cost to serve realised by month after the data.

    Returns
    -------
    pandas.DataFrame
    """
    config = world.config
    outcomes = {
        name: roll_out(
            world.history.end,
            world.latents,
            world.management,
            config,
            policy,
            horizons=_HORIZONS,
            seed=(config.seed, _SEED),
        )
        for name, policy in POLICIES.items()
    }
    table = pd.DataFrame({"account_id": world.identity.ids} | _latents(world) | _standing(world))
    table = table.assign(
        **_expected(outcomes["status_quo"], table["active"].to_numpy()), **_realised(world, sums)
    )
    return table.assign(**_values(outcomes)).pipe(_key, world)


def _latents(world: World) -> dict[str, np.ndarray]:
    """Name the traits of the accounts."""
    latents = world.latents
    january = np.datetime64("2022-01", "M")
    return {
        "archetype": np.array(ARCHETYPES, dtype=object)[latents.archetype],
        "joined": (january + latents.start).astype("datetime64[us]"),
        "log_wallet_start": latents.log_wallet,
        "growth": latents.growth,
        "philosophy": latents.philosophy,
        "health_long_run": latents.health,
        "bargaining": latents.bargaining,
        "price_sensitivity": latents.price,
        "quality_sensitivity": latents.quality,
        "culture_fit": latents.culture,
        "brand_trust": latents.brand,
        "complexity": latents.complexity,
        "share_base": latents.share_base,
        "price_effect": latents.discount,
        "cost_ratio": latents.cost_ratio,
        "response": latents.response,
        "sleeping_dog": latents.response < 0,
        "rhythm": latents.rhythm,
        "order_rate": latents.order_rate,
        "season_peak": latents.peak + 1,
        "season_amplitude": latents.amplitude,
    }


def _standing(world: World) -> dict[str, np.ndarray]:
    """Give the state of the accounts at the end of the data."""
    history, end = world.history, world.history.end
    strength = end.strength[world.latents.region]
    share = world.latents.share_base + 0.35 * end.satisfaction + end.share_shift
    share = share + 0.25 * history.managed[MONTHS] - 0.25 * strength
    return {
        "active": end.active,
        "fallen": end.active & (end.fall < 1),
        "wallet": np.exp(end.log_wallet),
        "share_of_wallet": np.where(end.active, end.fall / (1 + np.exp(-share)), 0.0),
        "satisfaction": end.satisfaction,
        "health": end.health,
        "contact": end.contact,
        "region": np.array(REGIONS, dtype=object)[world.latents.region],
        "competitor_strength": strength,
        "monthly_hazard": history.probability[MONTHS].astype(float),
    }


def _expected(outcome: Outcome, active: np.ndarray) -> dict[str, np.ndarray]:
    """Name the expectations of the status quo."""
    days = {3: 90, 6: 180, 12: 365}
    columns = {f"p_leave_{days[h]}": np.where(active, outcome.left[h], np.nan) for h in days}
    for name in ("net_sales", "gross_profit", "contribution"):
        for months in (12, 36):
            mean, error = getattr(outcome, name)[months]
            columns[f"expected_{name}_{months}m"] = mean
            columns[f"expected_{name}_{months}m_error"] = error
    return columns


def _realised(world: World, sums: np.ndarray) -> dict[str, np.ndarray | pd.Series]:
    """Sum what the accounts do in the years after the data."""
    history = world.history
    columns: dict[str, np.ndarray | pd.Series] = {}
    for months in (12, 36):
        net, gross, serve = sums[:months].sum(axis=0, dtype=float)
        fails = (history.left >= MONTHS) & (history.left < MONTHS + months)
        loss = np.where(fails, history.credit_loss, 0.0)
        columns[f"realised_net_sales_{months}m"] = net
        columns[f"realised_gross_profit_{months}m"] = gross
        columns[f"realised_contribution_{months}m"] = gross - serve - loss
    gone = history.left != NEVER
    first = np.datetime64("2022-01", "M") + 1 + np.where(gone, history.left, 0)
    columns["left"] = pd.Series(first.astype("datetime64[us]")).where(gone)
    return columns


def _values(outcomes: dict[str, Outcome]) -> dict[str, np.ndarray]:
    """Name discounted values and the differences between policies."""
    columns = {}
    for name, outcome in outcomes.items():
        label = f"value_{name}" if name else "value"
        columns[label], columns[f"{label}_error"] = outcome.present_value
    for name in ("managed", "supported"):
        gain = outcomes[name].values - outcomes[""].values
        columns[f"uplift_{name}"] = gain.mean(axis=0)
        columns[f"uplift_{name}_error"] = gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
    return columns


def _key(table: pd.DataFrame, world: World) -> pd.DataFrame:
    """Mark the accounts that deserve to be key accounts, by three measures."""
    active = table["active"]
    count = max(int((active & (world.management.manager >= 0)).sum()), 1)
    cost = MANAGEMENT_COST * HORIZON / 12
    margin = 1 - world.latents.cost_ratio / (1 - np.minimum(world.latents.discount, 0.9))
    sales = table["expected_net_sales_12m"]
    rank_value = table["value_status_quo"].where(active).rank(ascending=False)
    rank_uplift = table["uplift_managed"].where(active).rank(ascending=False)
    return table.assign(
        is_key_value=rank_value <= count,
        is_key_uplift=(rank_uplift <= count) & (table["uplift_managed"] > cost),
        is_key_policy=active
        & (table["philosophy"] > 0)
        & (table["health"] > -0.3)
        & (margin > np.quantile(margin, 1 / 3))
        & (sales >= sales[active].quantile(0.8)),
    )


def month_truth(world: World, month: int) -> pd.DataFrame:
    """Make the rows of one month of the table `month`; see the module's text for its columns."""
    history = world.history
    account = np.flatnonzero(history.volume[month] > 0)
    return pd.DataFrame(
        {
            "account_id": world.identity.ids[account],
            "month": (np.datetime64("2022-01", "M") + month).astype("datetime64[us]"),
            "hazard": history.probability[month, account],
            **{
                name: getattr(history, name)[month, account].astype(np.float32)
                for name in ("satisfaction", "health", "contact", "managed", "fall", "volume")
            },
        }
    )


def action_truth(world: World) -> pd.DataFrame:
    """Make the table `action`; see the module's text for its columns."""
    config, campaigns = world.config, world.history.campaigns
    observed = actions_table(campaigns, world.identity.ids)
    parts = []
    for number, campaign in enumerate(campaigns):

        def treat(
            state: State, account: np.ndarray = campaign.account, kind: np.ndarray = campaign.kind
        ) -> None:
            for start in range(0, len(state.active), config.n_accounts):
                state.running[kind, start + account] = ACTION_MONTHS

        arms = [
            roll_out(
                campaign.before,
                world.latents,
                world.management,
                config,
                policy,
                horizons=(12,),
                seed=(config.seed, _SEED, number),
                keep=12,
            )
            for policy in (Policy(), Policy(start=treat))
        ]
        chosen = campaign.account
        gain = (arms[1].values - arms[0].values)[:, chosen]
        parts.append(
            pd.DataFrame(
                {
                    "propensity": campaign.propensity,
                    "contribution_without": arms[0].contribution[12][0][chosen],
                    "contribution_with": arms[1].contribution[12][0][chosen],
                    "effect": gain.mean(axis=0),
                    "effect_error": gain.std(axis=0, ddof=1) / np.sqrt(len(gain)),
                    "stay_without": 1 - arms[0].left[12][chosen],
                    "stay_with": 1 - arms[1].left[12][chosen],
                }
            )
        )
    keys = observed[["action_id", "account_id", "kind", "treated", "assignment"]]
    return pd.concat([keys, pd.concat(parts, ignore_index=True)], axis=1)


def manager_truth(world: World) -> pd.DataFrame:
    """Make the table `manager`; see the module's text for its columns."""
    management = world.management
    served = management.manager[management.manager >= 0]
    still = management.manager[(management.manager >= 0) & world.history.end.active]
    managers = len(management.skill)
    load_end = np.bincount(still, minlength=managers)
    return pd.DataFrame(
        {
            "manager_id": manager_ids(management),
            "skill": management.skill,
            "load_start": np.bincount(served, minlength=managers),
            "load_end": load_end,
            "load_effect_end": load_effect(load_end),
        }
    )


def product_truth(world: World) -> pd.DataFrame:
    """Make the table `product`; see the module's text for its columns."""
    catalogue = world.catalogue
    return pd.DataFrame(
        {
            "product_id": catalogue.names,
            "category": np.repeat(CATEGORIES, catalogue.price.shape[1]),
            "list_price_start": catalogue.price.ravel(),
            "cost_ratio": catalogue.cost_ratio.ravel(),
        }
    )


def market_truth(world: World) -> pd.DataFrame:
    """Make the table `market`; see the module's text for its columns."""
    months = np.arange(MONTHS + HORIZON)
    return pd.DataFrame(
        {
            "month": (np.datetime64("2022-01", "M") + months).astype("datetime64[us]"),
            "price_level": world.history.price_level,
            "cost_level": world.history.cost_level,
        }
    )
