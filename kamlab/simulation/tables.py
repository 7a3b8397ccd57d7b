"""Which tables does a world show, and which does it hide? All but order lines and invoices."""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import accounts_table
from kamlab.simulation.actions import actions_table
from kamlab.simulation.assessments import (
    draw_alternatives,
    draw_financials,
    draw_ratings,
    draw_wallets,
)
from kamlab.simulation.config import MONTHS
from kamlab.simulation.defections import draw_defections
from kamlab.simulation.distributor import World, stream
from kamlab.simulation.forecasts import draw_forecasts
from kamlab.simulation.gaps import known
from kamlab.simulation.interactions import draw_interactions
from kamlab.simulation.kano_answers import draw_kano_answers
from kamlab.simulation.managers import managers_table
from kamlab.simulation.names import staff_names
from kamlab.simulation.people import Persons, draw_persons
from kamlab.simulation.quotes import draw_quotes
from kamlab.simulation.records import Records, write_records
from kamlab.simulation.services import draw_services
from kamlab.simulation.surveys import draw_surveys
from kamlab.simulation.truth import (
    account_truth,
    action_truth,
    manager_truth,
    market_truth,
    product_truth,
)
from kamlab.simulation.win_back_offers import draw_win_back_offers

Tables = dict[str, pd.DataFrame]


def people_tables(world: World) -> tuple[Tables, Tables]:
    """Make the tables of people and what they say, and the truth that arises on the way.

    Parameters
    ----------
    world : World

    Returns
    -------
    observed : dict of pandas.DataFrame
        contacts, interactions.
    hidden : dict of pandas.DataFrame
        person, link, interaction.
    """
    config, identity = world.config, world.identity
    persons = draw_persons(world.latents, identity, stream(config, "persons"))
    records = write_records(persons, identity, stream(config, "records"))
    interactions, said = draw_interactions(
        config, world.latents, world.history, identity, records, stream(config, "interactions")
    )
    hidden = {
        "person": _person_truth(persons, world),
        "link": _link_truth(records, world),
        "interaction": said,
    }
    return {"contacts": records.table, "interactions": interactions}, hidden


def office_tables(world: World) -> tuple[Tables, Tables]:
    """Make the tables that the office keeps, and the truth that arises on the way.

    Parameters
    ----------
    world : World

    Returns
    -------
    observed : dict of pandas.DataFrame
        accounts, managers, survey_responses, defections, actions, ratings, financials,
        wallet_observations, forecasts, quotes, services, win_back_offers, kano_answers.
    hidden : dict of pandas.DataFrame
        survey, survey_sample, defection, rater, quote, win_back, kano.
    """
    config, history, latents = world.config, world.history, world.latents
    identity, management = world.identity, world.management
    responses, survey, sample = draw_surveys(
        latents, history, management, identity, stream(config, "surveys")
    )
    defections, left = draw_defections(
        latents, history, management, identity, stream(config, "defections")
    )
    bought = history.volume[:MONTHS]
    volume = bought.sum(axis=0, dtype=float) / np.maximum((bought > 0).sum(axis=0), 1)
    accounts = accounts_table(
        identity,
        latents,
        management,
        volume,
        history.end.log_wallet,
        stream(config, "accounts"),
    )
    alternatives = draw_alternatives(latents, stream(config, "alternatives"))
    ratings, raters = draw_ratings(latents, identity, stream(config, "ratings"))
    quotes, chances = draw_quotes(latents, history, identity, stream(config, "quotes"))
    services = draw_services(latents, history, identity, stream(config, "services"))
    offers, answers = draw_win_back_offers(
        latents, history, identity, stream(config, "win-back offers")
    )
    pairs, requirements = draw_kano_answers(sample, stream(config, "kano answers"))
    observed = {
        "accounts": accounts.assign(alternatives=alternatives),
        "managers": managers_table(management, staff_names(), stream(config, "managers")),
        "survey_responses": responses,
        "defections": defections,
        "actions": actions_table(history.campaigns, identity.ids),
        "ratings": ratings,
        "financials": draw_financials(latents, history, identity, stream(config, "financials")),
        "wallet_observations": draw_wallets(latents, history, identity, stream(config, "wallets")),
        "forecasts": draw_forecasts(
            latents, history, identity, world.catalogue, stream(config, "forecasts")
        ),
        "quotes": quotes,
        "services": services,
        "win_back_offers": offers,
        "kano_answers": pairs,
    }
    hidden = {
        "survey": survey,
        "survey_sample": sample,
        "defection": left,
        "rater": raters,
        "quote": chances,
        "win_back": answers,
        "kano": requirements,
    }
    return observed, hidden


def truth_tables(world: World, future: np.ndarray) -> Tables:
    """Make the tables of truth that need roll-outs or the catalogue.

    Parameters
    ----------
    world : World
    future : numpy.ndarray of shape (36, 3, n)
        Net sales, gross profit and cost to serve realised in the months after the data.

    Returns
    -------
    dict of pandas.DataFrame
        account, action, manager, product, market.
    """
    return {
        "account": account_truth(world, future),
        "action": action_truth(world),
        "manager": manager_truth(world),
        "product": product_truth(world),
        "market": market_truth(world),
    }


def _person_ids(count: int) -> np.ndarray:
    """Give the ids of true persons."""
    return np.array([f"P{i + 1:07d}" for i in range(count)], dtype=object)


def _person_truth(persons: Persons, world: World) -> pd.DataFrame:
    """Describe the true persons."""
    ids = world.identity.ids
    native = np.where(
        persons.chinese, persons.family + persons.given, persons.given + " " + persons.family
    )
    moved = (np.datetime64("2022-01", "M") + persons.moved).astype("datetime64[us]")
    return pd.DataFrame(
        {
            "person_id": _person_ids(len(persons.account)),
            "account_id": ids[persons.account],
            "earlier_account_id": known(ids[persons.earlier], persons.moved > 0),
            "moved": pd.Series(moved).where(persons.moved > 0),
            "name": native,
            "name_latin": persons.given_latin + " " + persons.family_latin,
            "gender": np.where(persons.woman, "female", "male"),
            "birth_date": persons.birth.astype("datetime64[us]"),
            "homonyms": pd.Series(native).map(pd.Series(native).value_counts()) - 1,
        }
    )


def _link_truth(records: Records, world: World) -> pd.DataFrame:
    """Say which true person each contact record is."""
    persons = _person_ids(int(records.person.max()) + 1)
    return pd.DataFrame(
        {
            "contact_id": records.contact_id,
            "channel": records.table["channel"],
            "person_id": persons[records.person],
            "account_id": world.identity.ids[records.account],
        }
    )
