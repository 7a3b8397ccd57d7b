"""Which tables does kamlab know, and what must a row of each hold?"""

from dataclasses import dataclass, field

TYPES = {"id": "VARCHAR", "text": "VARCHAR", "currency": "VARCHAR", "date": "DATE"}
TYPES |= {"number": "DOUBLE", "whole": "BIGINT", "flag": "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column.

    Attributes
    ----------
    name : str
        Canonical name.
    kind : str
        One of id, text, currency, date, number, whole, flag.
    required : bool
        Whether the source must have the column and each row a value.
    low, high : float or None
        Smallest and largest value allowed.
    meaning : str
        What it holds, with its unit.
    """

    name: str
    kind: str
    required: bool
    low: float | None
    high: float | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table.

    Attributes
    ----------
    name : str
    columns : tuple of Column
        In canonical order.
    key : tuple of str
        Columns that name a row once; empty where lines have no name of their own (orders).
    day : str
        Date that says how fresh the table is; "" where none does.
    money : str
        Amount that must reconcile; "" where none does.
    strict : bool
        Whether a malformed optional value sets the row aside (tables of money) or only the value.
    personal : bool
        Whether rows hold personal data, which no message may show.
    scaled : str
        Score of an `item` whose scale is judged item by item, see `scales`; "" where none is.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    day: str = ""
    money: str = ""
    strict: bool = False
    personal: bool = False
    scaled: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the columns by name."""
        self.by_name.update({column.name: column for column in self.columns})


def _columns(described: str) -> tuple[Column, ...]:
    """Read lines of `name[?] kind [low..high] | meaning`."""
    columns = []
    for line in described.strip().splitlines():
        spec, meaning = (part.strip() for part in line.split("|", 1))
        name, kind, *limits = spec.split()
        low, high = limits[0].split("..") if limits else ("", "")
        columns.append(
            Column(
                name=name.rstrip("?"),
                kind=kind,
                required=not name.endswith("?"),
                low=float(low) if low else None,
                high=float(high) if high else None,
                meaning=meaning,
            )
        )
    return tuple(columns)


_LARGEST = "-1e15..1e15"

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "orders",
            _columns(f"""
                account_id id | who bought
                order_id id | the order's number; one order may hold many lines
                order_date date | day of the order
                net_sales number {_LARGEST} | amount after discount and before tax; return < 0
                quantity? number {_LARGEST} | units, negative in a return
                product_id? id | what was bought
                category? text | group of products
                cost_of_goods? number {_LARGEST} | cost of the line's goods
                cost_to_serve? number {_LARGEST} | freight, handling and service of the line
                discount? number {_LARGEST} | amount already taken off in net_sales
                list_price? number {_LARGEST} | amount of the line at list price
                currency? currency | ISO 4217 code of all amounts of the line
                channel? text | by which channel the order came
            """),
            day="order_date",
            money="net_sales",
            strict=True,
        ),
        Table(
            "accounts",
            _columns(f"""
                account_id id | number of the account
                name? text | name of the company
                parent_id? id | group that the account belongs to
                industry? text | line of business
                region? text | region
                country? text | country
                employees? whole 0..1e8 | number of employees
                annual_revenue? number {_LARGEST} | revenue per year
                founded? whole 1000..2200 | year of foundation
                credit_limit? number 0..1e15 | credit granted
                payment_terms_days? whole 0..3650 | days until an invoice is due
                addressable_spend? number 0..1e15 | yearly purchases of our categories from anyone
                philosophy_score? number 1..5 | assessed modernity of its management, 5 is best
                alternatives? whole 0..1e6 | suppliers that it could turn to
                manager_id? id | who looks after the account
            """),
            key=("account_id",),
        ),
        Table(
            "contacts",
            _columns("""
                contact_id id | number of the contact within its channel
                account_id? id | account that the person works for
                name? text | name of the person
                gender? text | gender as given
                birth_date? date | date of birth
                occupation? text | occupation or position
                address? text | postal address
                phone? text | telephone number
                email? text | e-mail address
                company? text | company as the channel spells it
                channel? text | channel that knows the person
            """),
            key=("channel", "contact_id"),
            personal=True,
        ),
        Table(
            "interactions",
            _columns("""
                interaction_id id | number of the interaction within its channel
                channel text | sales centre, telephone, call centre, e-mail, website, seminar, …
                occurred_at date | day of the interaction
                account_id? id | account that was in touch
                contact_id? id | contact that was in touch
                name? text | name given
                phone? text | telephone number given
                email? text | e-mail address given
                topic? text | what it was about
                concern? text | what the customer was concerned about
                sentiment? number -1..1 | from -1 (angry) to 1 (delighted)
            """),
            key=("channel", "interaction_id"),
            day="occurred_at",
            personal=True,
        ),
        Table(
            "invoices",
            _columns(f"""
                invoice_id id | number of the invoice
                account_id id | who owes
                invoice_date date | day of the invoice
                due_date date | day on which it is due
                amount number {_LARGEST} | amount; negative is a credit note
                paid_date? date | day of payment; empty while open
                paid_amount? number {_LARGEST} | amount paid
                currency? currency | ISO 4217 code of the amounts
            """),
            key=("invoice_id",),
            day="invoice_date",
            money="amount",
            strict=True,
        ),
        Table(
            "survey_responses",
            _columns("""
                response_id id | number of the response
                account_id id | who answered
                wave date | day on which the wave began, or of the answer
                item text | what was asked
                score number 1..5 | 5 highly satisfied to 1 extremely dissatisfied
                importance? number 1..5 | 5 most important
                comment? text | in the customer's words
                mode? text | how the customer was asked
            """),
            key=("response_id", "item"),
            day="wave",
            scaled="score",
        ),
        Table(
            "defections",
            _columns("""
                account_id id | who left
                defection_date date | day of leaving
                reason? text | reason as recorded
                competitor? text | to whom
                level? text | price, quality or culture
                interview_text? text | the interview in words
                reported_by? id | manager_id of who recorded the reason
                interview_reason? text | reason found by an independent interview
            """),
            key=("account_id", "defection_date"),
            day="defection_date",
        ),
        Table(
            "win_back_offers",
            _columns(f"""
                account_id id | who had left
                date date | day of the offer
                kind? text | what was offered: price, credit, service, …
                offer? number 0..1e15 | what it was worth to the account
                price_change? number -100..10000 | per cent, against the prices before it left
                came_back? flag | whether it ordered again; empty: told by its orders
                second_value? number {_LARGEST} | gross profit since; empty: told by its orders
            """),
            key=("account_id", "date"),
            day="date",
        ),
        Table(
            "kano_answers",
            _columns("""
                account_id id | who answered
                wave date | day on which the wave began
                item text | what was asked
                functional number 1..5 | how it is if it is there: 1 I like it to 5 I dislike it
                dysfunctional number 1..5 | how it is if it is not there, the same five answers
            """),
            key=("account_id", "wave", "item"),
            day="wave",
        ),
        Table(
            "contracts",
            _columns("""
                contract_id id | number of the contract
                account_id id | whose contract
                start_date date | first day
                end_date? date | last day as agreed when it was signed; empty: without end
            """),
            key=("contract_id",),
            day="start_date",
        ),
        Table(
            "managers",
            _columns("""
                manager_id id | number of the manager
                name text | name
                region? text | region
                industries? text | industries known, separated by commas
                capacity? whole 0..1e6 | accounts that the manager can look after; 9 unless said
                reports_to? id | manager_id of the superior
                role? text | account manager, national sales manager, vice-president of sales, …
            """),
            key=("manager_id",),
        ),
        Table(
            "actions",
            _columns("""
                action_id id | number of the action
                account_id id | on whom
                date date | day of the action
                kind text | what was done
                treated flag | true where done, false where only planned as comparison
                cost number 0..1e15 | what it cost
                campaign? id | campaign that the action belongs to
                assignment? text | lot where drawn at random, judgement where chosen
            """),
            key=("action_id",),
            day="date",
            money="cost",
        ),
        Table(
            "ratings",
            _columns("""
                account_id id | whose management was rated
                rater_id id | who rated
                item text | what was rated: strategy, digital, quality system, …
                value number 1..5 | 5 is best
                date date | day of the rating
            """),
            key=("account_id", "rater_id", "item", "date"),
            day="date",
        ),
        Table(
            "financials",
            _columns(f"""
                account_id id | whose balance it is
                fiscal_year whole 1900..2200 | year in which the fiscal year ended
                total_assets number 0..1e18 | total assets, in any one currency an account
                current_assets? number {_LARGEST} | current assets
                current_liab? number {_LARGEST} | current liabilities
                total_liab number {_LARGEST} | total liabilities
                retained_earnings? number {_LARGEST} | retained earnings
                ebit? number {_LARGEST} | earnings before interest and taxes
                equity_bv? number {_LARGEST} | book value of equity
                sales? number {_LARGEST} | sales of the year
            """),
            key=("account_id", "fiscal_year"),
        ),
        Table(
            "wallet_observations",
            _columns("""
                account_id id | who bought
                year whole 1900..2200 | calendar year
                total_purchases number 0..1e15 | bought that year in our categories from anyone
                category? text | group of products; empty where it is all of them
                suppliers? whole 0..1e6 | from how many suppliers
                source? text | survey, customs, estimate, …
            """),
            key=("account_id", "year", "category"),
        ),
        Table(
            "forecasts",
            _columns("""
                account_id id | who told what it will need
                period date | any day of the month that is spoken of
                made_at date | day on which it was told
                quantity number 0..1e15 | how much it will buy from us, in the unit of the orders
                category? text | group of products; empty where it is all of them
            """),
            key=("account_id", "period", "made_at", "category"),
            day="made_at",
        ),
        Table(
            "quotes",
            _columns("""
                quote_id id | number of the quote
                account_id id | who asked for it
                quoted_at date | day of the quote
                amount number 0..1e15 | what was quoted
                category? text | group of products
                product_id? id | what was quoted for
                outcome? text | won, lost or open
                decided_at? date | day on which it was won or lost; empty while open
                competitor? text | who quoted beside us, or won it
                reason? text | why it was won or lost
            """),
            key=("quote_id",),
            day="quoted_at",
            money="amount",
        ),
        Table(
            "services",
            _columns(f"""
                account_id id | for whom
                provided_at date | day
                service text | what was provided: artwork, sample, technical visit, …
                quantity? number 0..1e9 | how often
                hours? number 0..1e9 | working hours that it took
                cost? number 0..1e15 | what it cost us
                charged? number {_LARGEST} | what the account was charged, part of its order lines
            """),
            day="provided_at",
        ),
        Table(
            "activities",
            _columns("""
                account_id id | for whom
                date date | day
                activity text | what was done: order entry, visit, complaint, artwork, …
                minutes? number 0..1e9 | minutes that it took
                quantity? number 0..1e9 | how often; 1 unless said
            """),
            day="date",
        ),
        Table(
            "cost_rates",
            _columns("""
                activity text | as in activities
                rate? number 0..1e9 | cost of a minute, or of one where no minutes are given
                capacity_per_month? number 0..1e12 | minutes (or pieces) that are paid for a month
                cost_per_month? number 0..1e15 | what the capacity costs a month, by the ledger
            """),
            key=("activity",),
        ),
    )
}
