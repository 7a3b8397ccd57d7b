"""What does each column of the profiles mean, in which unit, and how does it come about?"""

import pandas as pd

from kamlab.accounts.dictionary import FACTS

# Column: unit, meaning, and how it comes about. The order is the order of the table.
PROFILE = {name: (unit, meaning, "computed") for name, (unit, meaning) in FACTS.items()} | {
    "median_gap": ("days", "Median of the days between order days.", "computed"),
    "regularity": ("shape", "1: orders fall at random; 2 and more: a rhythm.", "estimated"),
    "regularity_se": ("shape", "Standard error of regularity.", "estimated"),
    "overdue": ("share", "Own gaps that were shorter than the silence now.", "computed"),
    "season_strength": ("share", "0: even over the year; 1: one month.", "estimated"),
    "peak_month": ("month", "Month in which most is bought, 1 to 12.", "estimated"),
    "season_p": ("p-value", "Of an even year; small means a season.", "estimated"),
    "usual_weekday": ("text", "Weekday of most order days.", "computed"),
    "weekday_share": ("share", "Of order days on that weekday.", "computed"),
    "weekday_p": ("p-value", "Of its weekdays being those of all accounts.", "estimated"),
    "month_end_share": ("share", "Of order days in a month's last five days.", "computed"),
    "usual_order": ("currency", "Median net sales of an order.", "computed"),
    "usual_batch": ("quantity", "Median quantity of an order line, by day.", "computed"),
    "largest_order": ("currency", "Net sales of the largest order day.", "computed"),
    "rush_share": (
        "share",
        "Of the orders of the last 365 days that were rush orders.",
        "computed",
    ),
    "order_channel": ("text", "Channel of most order lines.", "computed"),
    "families": ("count", "Product families bought in the last 365 days.", "computed"),
    "effective_families": ("count", "Exponential of their entropy: so many alike.", "computed"),
    "modern_share": ("share", "Of purchases in families of a modern assortment.", "computed"),
    "next_family": (
        "text",
        "Family it does not buy whose peers' purchases promise most.",
        "estimated",
    ),
    "next_family_sales": (
        "currency",
        "A year's net sales with it: potential × peers' share.",
        "estimated",
    ),
    "price_effect": (
        "log",
        "Net invoice price against peers' for the same product and size.",
        "estimated",
    ),
    "price_effect_se": ("log", "Standard error of the price effect.", "estimated"),
    "price_gap": ("currency", "What it would pay more at its peers' prices.", "estimated"),
    "wallet": ("currency", "What it buys a year in our categories, from anyone.", "see source"),
    "wallet_low": ("currency", "Lower end of the wallet's interval.", "see source"),
    "wallet_high": ("currency", "Upper end of the wallet's interval.", "see source"),
    "wallet_source": ("text", "given, estimated, assumed or unknown.", "computed"),
    "share_of_wallet": ("share", "Our part of what it buys.", "see source"),
    "head_room": ("currency", "What it buys from others.", "see source"),
    "quotes_12m": ("count", "Quotes of the last 365 days.", "computed"),
    "hit_rate": (
        "share",
        "Of its quotes decided that we won, drawn towards that of all accounts.",
        "estimated",
    ),
    "hit_rate_low": ("share", "Lower end of its 90 % interval.", "estimated"),
    "hit_rate_high": ("share", "Upper end of its 90 % interval.", "estimated"),
    "open_quote_amount": ("currency", "Quoted within 365 days and not decided.", "computed"),
    "lost_quote_amount": ("currency", "Quoted within 365 days and lost to others.", "computed"),
    "competitors_met": ("count", "Competitors named in its quotes of 365 days.", "computed"),
    "our_dependence": ("share", "Its share of our gross profit (sales without cost).", "computed"),
    "its_dependence": ("share", "Our share of what it buys.", "see source"),
    "dependence_gap": ("share", "Ours less its: above 0 it has the longer lever.", "see source"),
    "bargaining_power": ("0-100", "Bargaining score as a percentage of accounts.", "estimated"),
    "bargaining_score": (
        "standard score",
        "What its price, wallet, alternatives (competitors met with them) and terms share.",
        "estimated",
    ),
    "bargaining_score_se": ("standard score", "Its standard error.", "estimated"),
    "days_beyond_terms": ("days", "Amount-weighted days from due to paid.", "computed"),
    "days_beyond_terms_se": ("days", "Its standard error.", "estimated"),
    "late_share": ("share", "Of amounts due that were paid late or are overdue.", "computed"),
    "receivable": ("currency", "Open now.", "computed"),
    "overdue_amount": ("currency", "Open and past due.", "computed"),
    "dso": ("days", "Receivable over mean daily invoicing.", "computed"),
    "best_possible_dso": ("days", "The same of what is not due yet.", "computed"),
    "credit_use": ("share", "Receivable over credit limit.", "computed"),
    "z_score": ("score", "Altman's Z'' of the newest balance: safe above 2.60.", "computed"),
    "z_zone": ("text", "Of that balance: safe, grey or distress.", "computed"),
    "probability_of_default": ("probability", "Within 365 days.", "see source"),
    "default_log_odds_se": ("log odds", "Standard error of its log odds.", "estimated"),
    "expected_loss": ("currency", "Probability × what is open × share lost.", "see source"),
    "default_source": ("text", "estimated or assumed (few defaults were seen).", "computed"),
    "digital_order_share": (
        "share",
        "Of order lines that came by website, e-mail or EDI.",
        "computed",
    ),
    "forecast_share": ("share", "Of the last 12 months that it told beforehand.", "computed"),
    "forecast_error": ("share", "Distance of its last plans from what it bought.", "computed"),
    "forecast_bias": (
        "share",
        "The same with its sign: above 0 it announces too much.",
        "computed",
    ),
    "plan_change": ("share", "Change from plan to later plan; 0: plans stand.", "computed"),
    "contacts_12m": ("count", "Interactions of the last 365 days.", "computed"),
    "days_since_contact": ("days", "Since the last interaction.", "computed"),
    "people_known": ("count", "Its people on record.", "computed"),
    "people_reached": ("count", "Of them spoken with in the last 365 days.", "computed"),
    "seniority_reached": (
        "1-5",
        "Highest level of these: 5 owner, 3 manager, 1 assistant.",
        "recognised",
    ),
    "main_concern": ("text", "Most frequent concern of the last 365 days.", "recognised"),
    "concern_share": ("share", "Of its concerns.", "recognised"),
    "concern_trend": ("count", "More (+) or fewer (−) in the later half year.", "recognised"),
    "philosophy_score": ("1-5", "Modernity of its management.", "see source"),
    "philosophy_se": ("1-5", "Its standard error.", "estimated"),
    "philosophy_source": ("text", "given or estimated (by raters or from behaviour).", "computed"),
}


def dictionary() -> pd.DataFrame:
    """Describe every column of the profiles: `column`, `unit`, `meaning`, `how`.

    Examples
    --------
    >>> dictionary().set_index("column").loc["wallet", "unit"]
    'currency'
    """
    rows = [(name, *described) for name, described in PROFILE.items()]
    return pd.DataFrame(rows, columns=["column", "unit", "meaning", "how"])
