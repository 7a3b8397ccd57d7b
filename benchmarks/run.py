"""Run all benchmarks and print one table of their ratios, with what machine they were taken on.

    python benchmarks/run.py [--only account_facts value_models …] [--save FILE]

A ratio is what a benchmark prints as `what: least – median – most`. What it prints besides stands
below the table. Each file of this folder says which parts it needs; one that cannot run is named.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
RATIO = re.compile(r"^(.+?): ([\d.]+) – ([\d.]+) – ([\d.]+)(.*)$", re.MULTILINE)
USED_BY_OTHERS = ("run", "turns", "facts_by_hand")
PARTS = ("duckdb", "numpy", "pandas", "narwhals", "scikit-learn")


def machine() -> str:
    """Describe the machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = [line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")]
    kind = names[0].partition(":")[2].strip() if names else platform.machine()
    parts = ", ".join(f"{name} {version(name)}" for name in PARTS)
    load = f"{os.getloadavg()[0]:.1f}"
    return (
        f"{cores} cores of {kind}, {memory:.0f} GiB, load {load} at the start; "
        f"Python {platform.python_version()}, {parts}"
    )


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).is_file() else ""


def main() -> None:
    """Run, gather, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--save", type=Path)
    asked = parser.parse_args()
    rows, rest = [], []
    told = machine()
    names = [path.stem for path in sorted(HERE.glob("*.py")) if path.stem not in USED_BY_OTHERS]
    for name in asked.only or names:
        print(f"{name} …", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(HERE / f"{name}.py")],
            capture_output=True,
            text=True,
            check=False,
        )
        rows += [(name, *found) for found in RATIO.findall(done.stdout)]
        said = RATIO.sub("", done.stdout).strip()
        if done.returncode:
            said = f"could not run: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        rest.append(f"{name}:\n\n{said}" if said else "")
    table = ["| benchmark | ratio | least | median | most |", "| --- | --- | --- | --- | --- |"]
    table += [
        f"| {name} | {what}{more} | {least} | {middle} | {most} |"
        for name, what, least, middle, most, more in rows
    ]
    text = "\n\n".join([told, "\n".join(table), *filter(None, rest)])
    print(text)
    if asked.save:
        asked.save.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
