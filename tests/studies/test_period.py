import datetime as dt
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.errors import DataRefusedError, UsageError
from kamlab.studies.period import Period, periods_between, read_period
from kamlab.studies.plan import Data, Plan
from kamlab.studies.rounds import plan_rounds, read_fiscal_start, read_rounds
from kamlab.studies.rules import Rules, check_freshness, read_rules

CLOCK = dt.date(2026, 11, 3)
NOTHING = {"as_of": "", "period": None, "first": None, "last": None, "today": None, "clock": CLOCK}


@st.composite
def _periods(draw):
    months = draw(st.sampled_from([1, 3, 12]))
    fiscal = draw(st.integers(0, 12)) if months > 1 else 0
    month = draw(st.integers(0, 12 // months - 1)) * months + (fiscal or 1)
    start = dt.date(draw(st.integers(2, 9996)), (month - 1) % 12 + 1, 1)
    return Period(start, months, fiscal)


@given(_periods())
def test_a_period_is_read_as_it_is_written_and_follows_the_one_before(period):
    assert read_period(str(period), fiscal_start=period.fiscal or 1) == period
    assert period.before.after == period == period.after.before
    assert period.before.as_of == period.start
    days = (period.as_of - period.start).days
    assert {1: range(28, 32), 3: range(89, 93), 12: range(365, 367)}[period.months].count(days)


@given(st.text(max_size=12))
def test_whatever_else_is_given_is_wrong_use_or_a_period(text):
    with suppress(UsageError):
        assert read_period(text).months in (1, 3, 12)


@pytest.mark.parametrize(
    ("word", "today", "period"),
    [
        ("last-month", "2026-01-31", "2025-12"),
        ("last-month", "2026-03-01", "2026-02"),
        ("last-quarter", "2026-03-31", "2025-Q4"),
        ("last-quarter", "2026-04-01", "2026-Q1"),
        ("last-year", "2026-12-31", "2025"),
    ],
)
def test_the_last_whole_period_is_named_by_the_day(word, today, period):
    assert str(read_period(word, dt.date.fromisoformat(today))) == period


@pytest.mark.parametrize(
    ("text", "first_month", "first", "last"),
    [
        ("FY2026", 4, "2025-04-01", "2026-03-31"),
        ("FY2026-Q4", 4, "2026-01-01", "2026-03-31"),
        ("fy2026q1", 10, "2025-10-01", "2025-12-31"),
        ("FY2026", 1, "2026-01-01", "2026-12-31"),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_it_ends_in(tmp_path, text, first_month, first, last):
    (tmp_path / "kamlab.toml").write_text(f"fiscal_year_start = {first_month}")
    month = read_fiscal_start(tmp_path)
    [one] = read_rounds(**NOTHING | {"period": text, "fiscal_start": month})

    assert read_period(text, fiscal_start=month).start.isoformat() == first
    assert one.last_day.isoformat() == last
    assert one.period == text.upper().replace("6Q", "6-Q")


def test_no_month_is_of_a_fiscal_year_and_no_mapping_means_the_calendar(tmp_path):
    with pytest.raises(UsageError, match="FY2026-Q1"):
        read_period("FY2026-04")
    assert read_fiscal_start(tmp_path) == 1


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2026-01", "2026-Q2", "differ in length"),
        ("2026-03", "2026-01", "is after"),
        ("2001", "2200", "more than 120"),
    ],
)
def test_a_back_fill_goes_forward_in_periods_of_one_length(first, last, message):
    with pytest.raises(UsageError, match=message):
        periods_between(read_period(first), read_period(last))


def test_a_back_fill_holds_each_period_against_its_own_last_day():
    rounds = read_rounds(**NOTHING | {"first": "2025-12", "last": "2026-02"})

    assert [(r.period, r.as_of, str(r.last_day)) for r in rounds] == [
        ("2025-12", "2026-01-01", "2025-12-31"),
        ("2026-01", "2026-02-01", "2026-01-31"),
        ("2026-02", "2026-03-01", "2026-02-28"),
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"first": "2026-01"},
        {"as_of": "2026-01-01", "period": "2026-01"},
        {"period": "2026-01", "first": "2026-01", "last": "2026-02"},
        {"today": "yesterday"},
        {"period": "2026-13"},
    ],
)
def test_two_answers_or_none_that_can_be_read_are_wrong_use(asked):
    with pytest.raises(UsageError):
        read_rounds(**NOTHING | asked)


def test_without_a_period_freshness_counts_to_the_day_of_the_run():
    def last_day(**asked):
        (one,) = read_rounds(**NOTHING | asked)
        return str(one.last_day)

    assert last_day() == "2026-11-03"
    assert last_day(today="2026-10-30") == "2026-10-30"
    assert last_day(as_of="2013-07-01") == "2013-06-30"


def _data(tmp_path, *days):
    return Data(tmp_path, days[-1], days=dict.fromkeys(days, (1, 10.0)))


def test_data_older_than_allowed_is_refused_or_flagged_on_every_page(tmp_path):
    data = _data(tmp_path, "2026-09-30", "2026-10-20")
    rounds = read_rounds(**NOTHING | {"period": "2026-10"})
    plan = Plan({}, {}, {})

    (fine,) = plan_rounds(plan, data, rounds, Rules(max_age=11))
    assert (fine[1].notes, fine[1].as_of, fine[1].period) == ((), "2026-11-01", "2026-10")
    with pytest.raises(DataRefusedError, match="2026-10-20, 11 days before 2026-10-31; 10 are"):
        plan_rounds(plan, data, rounds, Rules(max_age=10))
    (late,) = plan_rounds(plan, data, rounds, Rules(max_age=10, refuse_stale=False))
    assert "11 days before 2026-10-31" in late[1].notes[0]


def test_a_period_without_an_order_is_refused_and_the_future_is_not_seen(tmp_path):
    data = _data(tmp_path, "2026-08-31", "2026-10-20")
    plan = Plan({}, {}, {})

    with pytest.raises(DataRefusedError, match="30 days before 2026-09-30; 29 are allowed"):
        plan_rounds(plan, data, read_rounds(**NOTHING | {"period": "2026-09"}), Rules())
    with pytest.raises(DataRefusedError, match="no order up to 2026-07-31"):
        plan_rounds(plan, data, read_rounds(**NOTHING | {"period": "2026-07"}), Rules())
    assert plan_rounds(plan, data, read_rounds(**NOTHING), Rules())[0][1].notes == ()


def test_a_day_long_after_the_newest_order_is_doubted_or_refused_where_no_rule_is(tmp_path):
    data = _data(tmp_path, "2026-08-31", "2026-10-20")

    def notes(as_of, rules=Rules()):  # noqa: B008  it is never changed
        ((_, seen),) = plan_rounds(
            Plan({}, {}, {}), data, read_rounds(**NOTHING | {"as_of": as_of}), rules
        )
        return seen.notes

    assert notes("2026-10-21") == notes("2026-12-05") == ()
    assert "2026-10-20, 46 days before 2026-12-05: if orders no longer" in notes("2026-12-06")[0]
    assert "365 days before 2027-10-20" in notes("2027-10-21")[0]
    with pytest.raises(DataRefusedError, match="366 days before 2027-10-21: a year without"):
        notes("2027-10-22")
    with pytest.raises(DataRefusedError, match="no order up to 2026-08-30"):
        notes("2026-08-31")
    assert notes("2029-01-01", Rules(max_age=9999)) == ()
    rounds = read_rounds(**NOTHING | {"today": "2029-01-01"})  # the day after the newest order
    assert plan_rounds(Plan({}, {}, {}), data, rounds, Rules())[0][1].notes == ()


def test_a_clock_set_back_makes_no_data_stale():
    assert check_freshness("2026-10-20", dt.date(2020, 1, 1), Rules(max_age=0)) == ""


def test_the_rules_stand_in_the_mapping_file(tmp_path):
    (tmp_path / "kamlab.toml").write_text(
        '[runs]\nmax_age_days = 5\nstale = "flag"\njump = 0.5\n'
        '[runs.jumps]\n"Worth" = 0.1\n"churn: Loss" = 2\n'
    )

    rules = read_rules(tmp_path)

    assert (rules.max_age, rules.refuse_stale) == (5, False)
    assert [rules.limit("churn", label) for label in ("Worth", "Loss", "Other")] == [0.1, 2, 0.5]
    stricter = rules.tightened(0, "refuse")
    assert (stricter.max_age, stricter.refuse_stale, stricter.jump) == (0, True, 0.5)
    assert read_rules(tmp_path / "nowhere") == Rules()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[runs]\nmax_age = 5", "Did you mean max_age_days?"),
        ("[runs]\nmax_age_days = -1", "0 or more"),
        ("[runs]\nmax_age_days = true", "number of days"),
        ('[runs]\nstale = "ignore"', '"refuse" or "flag"'),
        ("[runs]\njump = 0", "share above 0"),
        ("[runs]\njumps = 3", "must be a table"),
        ('[runs.jumps]\nWorth = "much"', "jumps.Worth"),
        ("runs = 3", "must be a table"),
    ],
)
def test_a_rule_that_cannot_be_read_is_wrong_use(tmp_path, text, message):
    (tmp_path / "kamlab.toml").write_text(text)

    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        read_rules(tmp_path)
