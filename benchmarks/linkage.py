"""How long, and in how much memory, are a million contact records recognised as persons?

    .venv/bin/python benchmarks/linkage.py [records]

Records are drawn as the demo distributor's channels write them (six channels, their spellings,
initials, slips, shared boxes, people who moved) for as many accounts as it takes. Limits: 5
minutes and 4 GB of memory for this process, all together. Prints precision and recall of pairs
against the truth.
"""

import resource
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from kamlab.simulation import Config
from kamlab.simulation.accounts import draw_identity
from kamlab.simulation.distributor import stream
from kamlab.simulation.latents import draw_latents
from kamlab.simulation.orders import draw_catalogue
from kamlab.simulation.people import draw_persons
from kamlab.simulation.records import write_records
from kamlab.sources.linkage import score_pairs
from kamlab.sources.people import person_records
from kamlab.sources.recognition import expected_quality, group

RECORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
A_RECORD_TAKES = 1 / 4.6  # accounts


def _gib() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _pairs(keys: list) -> int:
    size = pd.Series(1, index=pd.MultiIndex.from_arrays(keys)).groupby(level=list(range(len(keys))))
    count = size.size().to_numpy(float)
    return int((count * (count - 1) / 2).sum())


config = Config(seed=1, n_accounts=int(RECORDS * A_RECORD_TAKES))
catalogue = draw_catalogue(stream(config, "catalogue"))
latents = draw_latents(config, catalogue.cost_ratio, stream(config, "latents"))
identity = draw_identity(latents, stream(config, "identity"))
# the demo's word lists are too short for so many companies: a number makes each name its own
nth = pd.Series(identity.names).groupby(identity.names).cumcount().to_numpy()
names = np.where(nth > 0, identity.names + np.char.add(" ", nth.astype(str)).astype(object), "")
identity = replace(identity, names=np.where(nth > 0, names, identity.names))
persons = draw_persons(latents, identity, stream(config, "persons"))
written = write_records(persons, identity, stream(config, "records"))
accounts = pd.DataFrame({"account_id": identity.ids, "name": identity.names})
contacts = written.table.head(RECORDS)
true = pd.Series(written.person, index=written.table["channel"] + written.contact_id)
del persons, latents
print(f"{len(contacts):,} contact records of {len(np.unique(true)):,} people; {_gib():.1f} GiB")

started, worked = time.perf_counter(), time.process_time()
records = person_records(contacts, accounts=accounts)
normalised = time.perf_counter()
print(f"normalised: {normalised - started:.0f} s, peak {_gib():.1f} GiB", flush=True)
scores = score_pairs(records)
weighed = time.perf_counter()
print(
    f"weighed: {len(scores.pairs):,} pairs, {weighed - normalised:.0f} s, peak {_gib():.1f} GiB",
    flush=True,
)
found = group(records, scores)
finished = time.perf_counter()
print(f"grouped: {finished - weighed:.0f} s, peak {_gib():.1f} GiB")
print(f"processor: {time.process_time() - worked:.0f} s")
print(f"all together: {finished - started:.0f} s (limit 300), peak {_gib():.1f} GiB (limit 4)")
truth = true.reindex(found.records["channel"] + found.records["id"]).to_numpy()
person = found.records["person_id"].to_numpy()
right = _pairs([truth, person])
print(f"precision {right / _pairs([person]):.3f}, recall {right / _pairs([truth]):.3f}")
print(expected_quality(found).T.to_string(header=False))
