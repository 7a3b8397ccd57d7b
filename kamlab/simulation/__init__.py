"""What would each method find if the truth were known? A distributor whose truth is known.

A distributor of flexible packaging (pouches, laminated roll stock, shrink sleeves, labels,
lidding, compostables) is simulated from 2022-01-01 to 2025-12-31, and on to the end of 2028 where
only the truth tables look. One seed gives one distributor. What is observed lies in the canonical
tables, what is true in the folder `truth/`; nothing leads from one to the other.

The process
-----------
1. Accounts of seven archetypes carry latent traits (`latents`): wallet, growth, philosophy,
   health, bargaining, sensitivities, cost to serve, habits.
2. Month by month (`panel`) wallet, health, satisfaction, contact, share of wallet, the resin index
   and the competitors of each region move on as a Markov process. Incidents depress satisfaction,
   contact lifts it, a lost account strengthens the competitor of its region.
3. Each month each account may decide to leave, by seven causes (`leaving`); half of those who
   decide fall in volume first and go months later.
4. Purchases become orders of Gamma rhythm with seasons, lines, discounts, costs, returns and
   invoices (`orders`, `ledger`); insolvent accounts leave invoices unpaid.
5. Managers look after the accounts that once sold most; a manager's effect fades beyond nine or so
   accounts (`managers`). Campaigns, half by lot and half by judgement, act differently on
   different accounts (`actions`).
6. People, their records in six channels, what they say, survey answers and reasons for leaving are
   observed with spellings, silence and bias (`people`, `records`, `interactions`, `surveys`,
   `defections`).
7. Expected values, effects and probabilities come from roll-outs of the same step with common
   random numbers (`rollouts`, `truth`).

What a naive analysis wrongly finds
-----------------------------------
- Ranking by sales puts the bullies on top: volume at a margin that cost to serve eats up.
- Ranking by margin rate finds small accounts that will never pay for a manager.
- Managers seem to keep hardly anybody, since they were given to those who sold most, and these
  leave more often by themselves; judged campaigns look better or worse than they are for the like
  reason. Only the campaigns by lot can be compared directly.
- The mean survey score flatters: the unhappy answer less.
- Price and closure look like the main reasons for leaving: managers write them in place of bad
  service and broken relationships.
- Accounts counted over contact records are too many (spellings) or too few (homonyms).
- An account that fell to a third still counts as a customer; most of what it was worth is gone.
- Good payers look no more valuable than bad ones until insolvencies are counted.

Sizes: `tiny` (60 accounts, for tests), `small` (400, 60 thousand order lines), `medium` (5,000,
1.5 million lines), `large` (200,000, 60 million lines, streamed by `write_demo`).
"""

from typing import Any

_HOMES = {
    "Config": "config",
    "PRESETS": "config",
    "preset": "config",
    "Distributor": "distributor",
    "simulate": "distributor",
    "DemoSummary": "write",
    "read_truth": "write",
    "write_demo": "write",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401  whatever the module holds
    """Import what is asked for when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"kamlab.simulation has no {name!r}")
    from importlib import import_module

    return getattr(import_module(f"kamlab.simulation.{_HOMES[name]}"), name)
