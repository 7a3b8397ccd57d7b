"""Small notebooks to run, and the command line that runs them in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

PARAMETERS = """\
as_of: str = "2013-06-30"  # the day before which history is seen [date]
out: str = ""  # folder for tables
published: str = ""  # root of published studies
top: int = 20  # how many accounts [1..100]
worth: str = "sales"  # what counts [sales|gross_profit]
label: str = "plain"  # any text
"""
DATA_PARAMETERS = """\
data: str = "data"  # folder with the data
as_of: str = ""  # the day before which history is seen
out: str = ""  # folder for tables
published: str = ""  # root of published studies
top: int = 20  # how many accounts [1..100]
notes: str = ""  # a file with notes [path]
"""
READ = """\
import pandas as pd
from kamlab import sources
from kamlab.studies.notebook import Study
study = Study({name!r}, out=out, published=published, data=data, as_of=as_of)
known = sources.open_data(study.data)
lines = known.table("orders").filter(f"order_date < DATE '{{as_of}}'").df()
study.about(as_of=as_of, currency="EUR")
study.inputs(known.files)"""
SALES = """\
sales = lines.groupby("account_id", as_index=False)["net_sales"].sum()
study.table("sales", sales)
study.headline("Sales", float(sales["net_sales"].sum()), "EUR", ",.0f")"""


def notebook_json(cells, metadata):
    """Put a notebook together; a cell is Python, or Markdown where it starts with #, or a pair."""
    made = []
    for number, source in enumerate(cells):
        markdown = source.startswith(("# ", "## "))
        cell = {"id": f"c{number}", "metadata": {}, "source": source}
        if markdown:
            made.append(cell | {"cell_type": "markdown"})
        else:
            stated = source in (PARAMETERS, DATA_PARAMETERS)
            tags = {"tags": ["parameters"]} if stated else {}
            code = {"cell_type": "code", "metadata": tags, "outputs": [], "execution_count": None}
            made.append(cell | code)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    meta = {"kernelspec": kernel, "title": metadata.pop("title", "A study"), "kamlab": metadata}
    return json.dumps({"cells": made, "metadata": meta, "nbformat": 4, "nbformat_minor": 5})


class Desk:
    """A folder with notebooks, an output folder, and kamlab run on them."""

    def __init__(self, folder):
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        self.out = folder / "out"
        self.environment = os.environ | {
            "KAMLAB_NOTEBOOKS": str(self.notebooks),
            "KAMLAB_STORE": str(folder / "store"),
        }

    def write(self, study, *cells, parameters=True, **metadata):
        """Write a notebook; it opens with a title, parameters and a Study."""
        opening = ["# A study\nWhat it answers."]
        if parameters:
            opening.append(PARAMETERS)
            opening.append(
                "import pandas as pd\nfrom kamlab.studies import notebook\n"
                f"study = notebook.Study({study!r}, out=out, published=published, as_of=as_of)"
            )
        path = self.notebooks / f"{study.replace('-', '_')}.ipynb"
        path.write_text(notebook_json([*opening, *cells], metadata))
        return path

    def write_on_data(self, study, *cells, first="", **metadata):
        """Write a notebook that reads the orders of a data folder; `first` runs before it does."""
        opening = [DATA_PARAMETERS, *([first] if first else []), READ.format(name=study)]
        return self.write(study, *opening, *(cells or [SALES]), parameters=False, **metadata)

    def write_orders(self, *months, more=(), folder="data"):
        """Write orders: each month two accounts buy for 100."""
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        rows = [f"{a},{m}{a},{m}-10,100.00" for m in months for a in "AB"]
        head = "account_id,order_id,order_date,net_sales"
        (place / "orders.csv").write_text("\n".join([head, *rows, *more]) + "\n")
        return place

    def command(self, *arguments):
        """Give the words that start kamlab."""
        return [sys.executable, "-m", "kamlab", *map(str, arguments)]

    def kamlab(self, *arguments, **options):
        """Run kamlab to its end."""
        settings = {"env": self.environment, "cwd": self.folder, "timeout": 400} | options
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, **settings
        )

    def run(self, *arguments, **options):
        """Run `kamlab run` into the output folder."""
        return self.kamlab("run", "--out", self.out, *arguments, **options)

    def start(self, *arguments):
        """Start `kamlab run` and go on."""
        return subprocess.Popen(
            self.command("run", "--out", self.out, *arguments),
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manifest(self, study, run="latest"):
        """Read the manifest of a run."""
        return json.loads((self.out / study / run / "manifest.json").read_text())

    def failure(self, study):
        """Read the manifest of the one failed run of a study."""
        (path,) = (self.out / study / "failed").glob("*/manifest.json")
        return json.loads(path.read_text())


def wait_for(condition, seconds=60):
    """Wait until a condition holds and give what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory):
    return Desk(Path(tmp_path_factory.mktemp("desk")))


@pytest.fixture(scope="session")
def first_page(tmp_path_factory):
    """Publish one study once, for tests that need a page to lose."""
    made = Desk(Path(tmp_path_factory.mktemp("first")))
    made.write("value", 'study.headline("Value", top)')
    result = made.run("value", "--as-of", "2013-01-01")
    assert result.returncode == 0, result.stderr
    return made.out


@pytest.fixture
def before(desk, first_page):
    """Give a desk whose study `value` was published before."""
    shutil.copytree(first_page, desk.out, symlinks=True)
    return desk


@pytest.fixture(scope="session", name="wait_for")
def _wait_for():
    return wait_for
