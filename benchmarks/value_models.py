"""Purchase models against lifetimes and pymc-marketing's maximum a posteriori, in one run.

    python benchmarks/value_models.py [--customers 1000000] [--pareto 100000] [--runs 3]
        [--peer-python PATH]

The peers force older versions of other parts, so they live in an environment of their own: name its
interpreter by `--peer-python` or in the variable KAMLAB_PEER_PYTHON. All work on the same drawn
histories (daily: ages of 30 to 729 days; weekly: 27 to 39 weeks), all in memory. pymc-marketing is
fitted once before it is timed, so that nothing is compiled in the time measured. Ratios are of
seconds of processor, which other work on the machine hardly changes; seconds passed stand beside
them. The log-likelihood of everyone's parameters is taken by one function, kamlab's, which is
held against published figures in `tests/reference/`.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from kamlab.value import BetaGeoNBD, GammaGamma, ParetoNBD
from kamlab.value.beta_geo_likelihood import log_likelihood as beta_geo
from kamlab.value.gamma_gamma import _likelihood as gamma_gamma
from kamlab.value.histories import distinct_histories
from kamlab.value.pareto_likelihood import log_likelihood as pareto

MONTH = 4.345  # weeks, as lifetimes counts them
BARS = {
    "BG/NBD, daily": (14, 7),
    "BG/NBD, weekly": (40, 20),
    "Gamma-Gamma": (2.5, 2),
    "Pareto/NBD": (15, 10),
    "expected purchases and P(alive)": (4, 3),
    "twelve-month discounted value": (20, 8),
}

PEER = r"""
import json, sys, time, warnings
warnings.simplefilter("ignore")
import logging; logging.disable(logging.CRITICAL)
import numpy as np, pandas as pd
peer, folder, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
days, weeks, few = (pd.read_csv(f"{folder}/{name}.csv", float_precision="round_trip")
                    for name in ("days", "weeks", "few"))
back = weeks[weeks["frequency"] > 0]
MONTH = 4.345
out = {}
def timed(name, work, found, warm=False):
    if warm:
        work()
    spent, passed = [], []
    for _ in range(runs):
        begin, clock = time.process_time(), time.perf_counter()
        made = work()
        spent.append(time.process_time() - begin)
        passed.append(time.perf_counter() - clock)
    middle = lambda values: sorted(values)[len(values) // 2]
    out[name] = {"seconds": middle(spent), "passed": middle(passed), "found": found(made)}
    return made
if peer == "lifetimes":
    import lifetimes
    columns = lambda t: (t["frequency"], t["recency"], t["T"])
    names = ["r", "alpha", "a", "b"]
    get = lambda *n: lambda m: [float(m.params_[k]) for k in n]
    timed("BG/NBD, daily", lambda: lifetimes.BetaGeoFitter().fit(*columns(days)), get(*names))
    bg = timed("BG/NBD, weekly", lambda: lifetimes.BetaGeoFitter().fit(*columns(weeks)),
        get(*names))
    gg = timed("Gamma-Gamma", lambda: lifetimes.GammaGammaFitter().fit(back["frequency"],
        back["monetary_value"]), get("p", "q", "v"))
    timed("expected purchases and P(alive)", lambda: (
        bg.conditional_expected_number_of_purchases_up_to_time(39, *columns(weeks)),
        bg.conditional_probability_alive(*columns(weeks))),
        lambda m: [float(np.sum(m[0])), float(np.sum(m[1]))])
    timed("twelve-month discounted value", lambda: gg.customer_lifetime_value(bg, *columns(weeks),
        weeks["monetary_value"].fillna(0.0), time=12, discount_rate=0.01, freq="W"),
        lambda m: [float(np.sum(m))])
    timed("Pareto/NBD", lambda: lifetimes.ParetoNBDFitter().fit(*columns(few)),
        get("r", "alpha", "s", "beta"))
else:
    from pymc_marketing import clv
    def fit(kind, table):
        data = table.assign(customer_id=np.arange(len(table)))
        model = kind(data=data); model.fit(method="map", progressbar=False); return model
    get = lambda *n: (lambda m: [float(np.ravel(m.fit_result[k])[0]) for k in n])
    names = ["r", "alpha", "a", "b"]
    timed("BG/NBD, daily", lambda: fit(clv.BetaGeoModel, days), get(*names), True)
    bg = timed("BG/NBD, weekly", lambda: fit(clv.BetaGeoModel, weeks), get(*names), True)
    gg = timed("Gamma-Gamma", lambda: fit(clv.GammaGammaModel, back), get("p", "q", "v"), True)
    asked = weeks.assign(customer_id=np.arange(len(weeks)),
        monetary_value=weeks["monetary_value"].fillna(0.0))
    timed("expected purchases and P(alive)", lambda: (
        bg.expected_purchases(data=asked, future_t=39), bg.expected_probability_alive(data=asked)),
        lambda m: [float(np.sum(m[0])), float(np.sum(m[1]))])
    timed("twelve-month discounted value", lambda: gg.expected_customer_lifetime_value(
        transaction_model=bg, data=asked, future_t=12, discount_rate=0.01, time_unit="W"),
        lambda m: [float(np.sum(m))])
    timed("Pareto/NBD", lambda: fit(clv.ParetoNBDModel, few), get("r", "alpha", "s", "beta"), True)
print("RESULT" + json.dumps(out))
"""


def _drawn(customers: int, age: np.ndarray, pace: float, rng: np.random.Generator) -> pd.DataFrame:
    """Draw histories of BG/NBD with Gamma-Gamma amounts, by the order of purchases."""
    unit = 7.0 if age.max() < 100 else 1.0
    rate = rng.gamma(0.5, size=customers) * pace
    leave = rng.beta(0.8, 2.5, size=customers)
    now, last, count = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    there = np.ones(customers, bool)
    while there.any():
        rows = np.flatnonzero(there)
        gap = rng.exponential(size=rows.size) / np.maximum(rate[rows], 1e-12)
        now[rows] = np.ceil((now[rows] + gap) * unit) / unit
        inside = now[rows] <= age[rows]
        bought = rows[inside]
        count[bought] += 1
        last[bought] = now[bought]
        there[rows[~inside]] = False
        there[bought[rng.random(bought.size) < leave[bought]]] = False
    scale = rng.gamma(3.7, size=customers) / 15.4
    mean = rng.gamma(np.maximum(6.2 * count, 1e-9)) / scale / np.maximum(count, 1)
    amount = np.where(count > 0, np.maximum(mean, 1e-6), np.nan)
    return pd.DataFrame({"frequency": count, "recency": last, "T": age, "monetary_value": amount})


def _timed(work, runs):
    """Give the medians of seconds of processor and of seconds passed, and what was made."""
    spent, passed = [], []
    for _ in range(runs):
        begin, clock = time.process_time(), time.perf_counter()
        made = work()
        spent.append(time.process_time() - begin)
        passed.append(time.perf_counter() - clock)
    return statistics.median(spent), statistics.median(passed), made


def _ours(tables, runs):
    """Fit and predict with kamlab; seconds and what was found, as the peers give them."""
    days, weeks, few = tables["days"], tables["weeks"], tables["few"]
    back = weeks[weeks["frequency"] > 0]
    made = {}

    def do(name, work, found):
        seconds, passed, result = _timed(work, runs)
        made[name] = {"seconds": seconds, "passed": passed, "found": found(result)}
        return result

    def parameters(model):
        return model.parameters_.tolist()

    do("BG/NBD, daily", lambda: BetaGeoNBD().fit(days), parameters)
    model = do("BG/NBD, weekly", lambda: BetaGeoNBD().fit(weeks), parameters)
    spend = do("Gamma-Gamma", lambda: GammaGamma().fit(back), lambda m: [m.p_, m.q_, m.v_])
    do(
        "expected purchases and P(alive)",
        lambda: (model.expected_purchases(weeks, 39.0), model.probability_alive(weeks)),
        lambda pair: [float(pair[0].sum()), float(pair[1].sum())],
    )
    do(
        "twelve-month discounted value",
        lambda: (
            model.discounted_purchases(weeks, rate=0.01, periods=12, period=MONTH)
            * spend.predict(weeks)
        ),
        lambda value: [float(value.sum())],
    )
    do("Pareto/NBD", lambda: ParetoNBD().fit(few), parameters)
    return made


def _likelihoods(tables):
    """Give the log-likelihood of a task's parameters, for those that are fits."""

    def of(table):
        return distinct_histories(
            *(table[n].to_numpy(float) for n in ("frequency", "recency", "T"))
        )

    days, weeks, few = of(tables["days"]), of(tables["weeks"]), of(tables["few"])
    back = tables["weeks"][tables["weeks"]["frequency"] > 0]
    spend = gamma_gamma(back["frequency"].to_numpy(), back["monetary_value"].to_numpy())
    return {
        "BG/NBD, daily": lambda p: beta_geo(np.log(p), days)[0],
        "BG/NBD, weekly": lambda p: beta_geo(np.log(p), weeks)[0],
        "Pareto/NBD": lambda p: pareto(np.log(p), few)[0],
        "Gamma-Gamma": lambda p: spend(np.log(p))[0],
    }


def _peer(python, name, folder, runs):
    """Run a peer in its own interpreter; None where it is not there."""
    done = subprocess.run(
        [python, "-c", PEER, name, str(folder), str(runs)],
        check=False,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        print(f"{name} is not measured: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return json.loads(lines[-1].removeprefix("RESULT"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--pareto", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-runs", type=int, default=1)
    parser.add_argument("--peer-python", default=os.environ.get("KAMLAB_PEER_PYTHON", ""))
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    many = asked.customers
    tables = {
        "days": _drawn(many, rng.integers(30, 730, many).astype(float), 1 / 30, rng),
        "weeks": _drawn(many, rng.integers(27 * 7, 39 * 7 + 1, many) / 7, 1 / 4.4, rng),
    }
    tables["few"] = tables["weeks"].head(asked.pareto)
    ours = _ours(tables, asked.runs)
    peers = {}
    if asked.peer_python:
        with tempfile.TemporaryDirectory() as folder:
            for name, table in tables.items():
                table.to_csv(Path(folder) / f"{name}.csv", index=False)
            for name in ("lifetimes", "pymc-marketing"):
                peers[name] = _peer(asked.peer_python, name, folder, asked.peer_runs)
    likelihood = _likelihoods(tables)
    print("| what | kamlab | lifetimes | ratio | pymc-marketing | ratio | bars |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, bars in BARS.items():
        own = ours[name]
        cells = [f"{own['seconds']:.2f} s ({own['passed']:.2f})"]
        for peer in ("lifetimes", "pymc-marketing"):
            found = (peers.get(peer) or {}).get(name)
            cells += (
                [
                    f"{found['seconds']:.2f} s ({found['passed']:.2f})",
                    f"{found['seconds'] / own['seconds']:.1f} ×",
                ]
                if found
                else ["–", "–"]
            )
        print(f"| {name} | {' | '.join(cells)} | {bars[0]} ×, {bars[1]} × |")
    for name in BARS:
        for who, found in {"kamlab": ours, **peers}.items():
            if found and name in likelihood:
                print(f"{name}, {who}: log-likelihood {likelihood[name](found[name]['found']):.6f}")
            elif found:
                print(f"{name}, {who}: sums {found[name]['found']}")


if __name__ == "__main__":
    main()
