"""What holds in an industry is read from one file, and wrong settings are named."""

from pathlib import Path

import pytest

from kamlab.errors import DataRefusedError, UsageError
from kamlab.segmentation.objective import CRITERIA
from kamlab.simulation.orders import CATEGORIES
from kamlab.sources import industry, open_data
from kamlab.sources.schema import TABLES


def _written(folder, text, name="ours.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_profile_is_whole_and_knows_the_demo():
    ours = industry.read_industry()

    assert set(ours.thresholds) == set(industry.THRESHOLDS)
    assert tuple(ours.criteria) == industry.CRITERIA == tuple(CRITERIA)
    assert {ours.family(category) for category in CATEGORIES} <= set(ours.families)
    assert ours.cost_rates("EUR") == {}
    assert "orders" in TABLES


def test_the_users_file_lies_over_the_shipped_one(tmp_path):
    path = _written(
        tmp_path,
        """
        name = "Labels"
        [families]
        wine = ["wine"]
        [thresholds]
        late_days = 7
        [rates]
        currency = "eur"
        cost_per_order = 12.5
        interest = 0.073
        [criteria]
        margin = { weight = 3, least = 0.2 }
        """,
    )

    ours, shipped = industry.read_industry(path), industry.shipped()

    assert (ours.name, ours.files[-1], ours.quantity) == ("Labels", "ours.toml", "kg")
    assert dict(ours.families) == {"wine": ("wine",)}
    assert ours.thresholds["late_days"] == 7
    assert ours.thresholds["rhythm"] == shipped.thresholds["rhythm"]
    assert ours.cost_rates("EUR") == {"order": 12.5, "credit_day": pytest.approx(0.0002)}
    assert ours.cost_rates("USD") == {"credit_day": pytest.approx(0.0002)}
    assert ours.criteria["margin"] == industry.Standard(3.0, 0.2)
    assert ours.sha256 != shipped.sha256


def test_the_example_is_a_profile():
    path = Path(__file__).parents[2] / "data" / "examples" / "industry_labels.toml"

    ours = industry.read_industry(path)

    assert ours.family("Wine labels, embossed") == "wine and spirits"
    assert ours.cost_rates("EUR")["visit"] == 260
    assert (ours.criteria["payment"].most, ours.criteria["margin"].least) == (45, 0.12)
    assert "criteria: margin" in ours.table()


def test_the_digest_is_of_what_is_in_force_and_not_of_its_spelling(tmp_path):
    one = industry.read_industry(_written(tmp_path, "[rates]\ndefault_a_year = 0.02 # as ours\n"))

    assert one.sha256 == industry.shipped().sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[threshold]", "unknown key 'threshold'. Did you mean 'thresholds'?"),
        ("[thresholds]\nlate_day = 3", "[thresholds]: unknown key 'late_day'. Did you mean 'late_"),
        ("[thresholds]\nlate_days = -1", "late_days = -1 must be a number from 0 to 365: days"),
        ("[thresholds]\nrhythm = nan", "rhythm = nan must be a number"),
        ("[rates]\ncost_per_order = 5", "cost_per_order is money: say of which currency"),
        ('[rates]\ncurrency = "EURO"', "must be an ISO 4217 code"),
        ("[criteria]\nmargins = { weight = 1 }", "unknown key 'margins'. Did you mean 'margin'?"),
        ("[criteria]\nmargin = 3", "margin = 3 must be as in { weight = 1 }"),
        ("[criteria]\nmargin = { weight = -1 }", "margin: weight = -1 must be a number from 0 on"),
        ("[criteria]\nmargin = { least = 2, most = 1 }", "margin: least is above most"),
        ('[families]\npouches = "pouch"', "must be a list of words"),
        ("[units]\nquantity = 3", "must be a short text"),
        (
            '[assortment]\nmodern = ["compostable"]',
            "unknown key 'compostable'. Did you mean 'compos",
        ),
        ("[activities]\nrush = 3", "rush = 3 must be a list of words"),
        ('name = ""', "name = '' must be text"),
        ("name =", "not a TOML file"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, text, said):
    path = _written(tmp_path, text)

    with pytest.raises(UsageError) as found:
        industry.read_industry(path)

    assert said in str(found.value)
    assert str(path) in str(found.value)


def test_it_is_named_in_the_mapping_or_lies_beside_the_data(tmp_path):
    rows = "account_id,order_id,order_date,net_sales\nA,1,2024-01-31,10\n"
    (tmp_path / "orders.csv").write_text(rows)
    plain = open_data(tmp_path, store=tmp_path / ".store")
    _written(tmp_path, 'name = "Labels"', "industry.toml")
    beside = open_data(tmp_path, store=tmp_path / ".store")
    (tmp_path / "kamlab.toml").write_text('industry = "inks.toml"\n[[orders]]\nfile="orders.csv"')
    with pytest.raises(DataRefusedError, match=r"inks\.toml: there is no such industry profile"):
        open_data(tmp_path, store=tmp_path / ".store")
    _written(tmp_path, 'name = "Inks"', "inks.toml")
    named = open_data(tmp_path, store=tmp_path / ".store")

    assert [one.industry.name for one in (plain, beside, named)] == [
        "Flexible packaging",
        "Labels",
        "Inks",
    ]
    assert beside.not_understood == ()
    assert "industry.toml" in named.not_understood
