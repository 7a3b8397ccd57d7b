"""Which parameters, tables, columns and methods are there? Written from the code, not by hand.

Sphinx calls `write` before it reads the pages. Published columns are read from the manifests of
the studies that `make report` published; without them only the tables' names are known.
"""

import ast
import inspect
import json
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import kamlab
from kamlab.accounts import dictionary, profile_columns
from kamlab.sources import industry
from kamlab.sources.schema import TABLES
from kamlab.studies.discover import cell_source, find_studies
from kamlab.studies.parameters import RESERVED

ROOT = Path(__file__).parents[1]
ROOMS = ("sources", "accounts", "segmentation", "value", "churn", "retention", "coverage")
_PUBLISH = "study.table("


def _cell(text: object) -> str:
    """Make a text safe inside a Markdown table."""
    return re.sub(r"([|<>*_`\[\]$])", r"\\\1", " ".join(str(text).split()))


def _table(heads: list[str], rows: list[list[object]]) -> str:
    """Draw a Markdown table; a cell that begins with a grave accent is code and stays as it is."""
    cells = [[c if str(c).startswith("`") else _cell(c) for c in row] for row in rows]
    lines = [heads, ["---"] * len(heads), *cells]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def parameters() -> str:
    """List every study with its parameters."""
    parts = ["# Studies and their parameters\n"]
    parts.append(
        "Give a parameter with `-p NAME=VALUE`; data, day and folders have options of their own "
        "(`--data`, `--as-of`, `--out`). `kamlab studies` prints the same list.\n"
    )
    for name, study in find_studies(ROOT / "notebooks").items():
        parts += [f"## {name}\n", f"**{study.title}** {study.purpose}.\n"]
        if study.needs:
            parts.append("Runs after " + ", ".join(f"`{need}`" for need in study.needs) + ".\n")
        own = [p for p in study.parameters if p.name not in RESERVED]
        rows = [[f"`{p.name}`", f"`{p.default!r}`", p.about, p.allowed] for p in own]
        heads = ["parameter", "default", "meaning", "allowed"]
        parts.append(_table(heads, rows) if rows else "It takes no parameters.\n")
    return "\n".join(parts)


def input_tables() -> str:
    """List every canonical table with its columns."""
    parts = ["# Tables you may bring\n"]
    parts.append(
        "Only `orders` is required, and of each table only the columns marked so. "
        "[Bring your own data](../your-data.md) says how files become these tables.\n"
    )
    for name, table in TABLES.items():
        key = f" One row per {', '.join(f'`{one}`' for one in table.key)}." if table.key else ""
        personal = " It holds personal data, which no message shows." if table.personal else ""
        parts += [f"## {name}\n", f"{len(table.columns)} columns.{key}{personal}\n"]
        rows = [
            [f"`{c.name}`", c.kind, "yes" if c.required else "", c.meaning] for c in table.columns
        ]
        parts.append(_table(["column", "type", "required", "meaning"], rows))
    return "\n".join(parts)


def industry_profile() -> str:
    """List every setting of an industry's profile, with what the shipped one says."""
    shipped = industry.shipped()
    parts = ["# The industry's profile\n"]
    parts.append(
        "[Bring your own data](../your-data.md) says how to give your own. Values are those of the "
        f"shipped profile, *{shipped.name}*.\n"
    )
    for title, known, values in (
        ("thresholds", industry.THRESHOLDS, shipped.thresholds),
        ("rates", industry.RATES, shipped.rates),
    ):
        parts.append(f"## {title}\n")
        rows = [
            [f"`{name}`", f"{values[name]:g}" if name in values else "", f"{low:g} to {high:g}",
             meaning]
            for name, (low, high, meaning) in known.items()
        ]  # fmt: skip
        parts.append(_table(["setting", "shipped", "allowed", "meaning"], rows))
    parts.append("## criteria\n")
    parts.append("`weight`, and where wanted `least` and `most`.\n")
    rows = [[f"`{name}`", f"{one.weight:g}"] for name, one in shipped.criteria.items()]
    parts.append(_table(["criterion", "shipped weight"], rows))
    parts.append("## families\n")
    rows = [[name, ", ".join(words)] for name, words in shipped.families.items()]
    parts.append(_table(["family", "told by"], rows))
    parts.append("## assortment, activities, channels\n")
    rows = [
        ["modern families", ", ".join(shipped.modern)],
        ["rush orders", ", ".join(shipped.rush)],
    ]
    rows += [[f"{name} channels", ", ".join(words)] for name, words in shipped.channels.items()]
    parts.append(_table(["words of", "shipped"], rows))
    return "\n".join(parts)


def _named_tables(notebook: Path) -> list[str]:
    """Find the names of the tables that a notebook publishes, in the order of its cells."""
    found = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code" or _PUBLISH not in cell_source(cell):
            continue
        for node in ast.walk(ast.parse(cell_source(cell))):
            called = isinstance(node, ast.Call) and ast.unparse(node.func) == "study.table"
            if called and node.args and isinstance(node.args[0], ast.Constant):
                found.append(str(node.args[0].value))
    return list(dict.fromkeys(found))


def _meanings() -> dict[str, tuple[str, str]]:
    """Collect unit and meaning of columns from the dictionaries of the account tables."""
    found: dict[str, tuple[str, str]] = {}
    for said in (*vars(dictionary).values(), *vars(profile_columns).values()):
        if isinstance(said, dict) and all(isinstance(one, tuple) for one in said.values()):
            found |= {name: (one[0], one[1]) for name, one in said.items()}
    return found


def published_tables(reports: Path) -> str:
    """List every published table, with the columns it had in the last run."""
    meanings = _meanings()
    parts = ["# Tables that studies publish\n"]
    parts.append(
        "Each is written as Parquet and as CSV beside the study's page, in "
        "`OUT/<study>/latest/tables/`. Names and columns are an interface. Which there are depends "
        "on the data; the columns below are those of the demo.\n"
    )
    for name, study in find_studies(ROOT / "notebooks").items():
        manifest = reports / name / "latest" / "manifest.json"
        known = {}
        if manifest.is_file():
            said = json.loads(manifest.read_text(encoding="utf-8"))
            known = {one["name"]: one for one in said.get("tables", [])}
        parts.append(f"## {name}\n")
        for table in dict.fromkeys([*_named_tables(study.path), *known]):
            parts.append(f"### {name}: {table}\n")
            if table not in known:
                parts.append("Not published on the demo, or the demo was not run.\n")
                continue
            columns = known[table]["columns"]
            rows = [
                [f"`{c['name']}`", c["type"], *meanings.get(c["name"], ("", ""))] for c in columns
            ]
            parts.append(_table(["column", "type", "unit", "meaning"], rows))
    return "\n".join(parts)


def methods() -> str:
    """List every function and class whose docstring names the source of its method."""
    parts = ["# Where the methods come from\n"]
    parts.append(
        "Functions and classes that follow a published method, with the source as the code states "
        "it. [How the methods work](../methods.md) explains them and their limits.\n"
    )
    for room in ROOMS:
        package = import_module(f"kamlab.{room}")
        parts.append(f"## {room}\n")
        for info in walk_packages(package.__path__, f"kamlab.{room}."):
            module = import_module(info.name)
            rows = [
                [f"`{name}`", (inspect.getdoc(thing) or "").split("\n")[0], source]
                for name, thing in vars(module).items()
                if getattr(thing, "__module__", "") == info.name and not name.startswith("_")
                for source in [_source(inspect.getdoc(thing) or "")]
                if source
            ]
            if rows:
                question = (module.__doc__ or "").strip().split("\n")[0]
                parts += [f"### {info.name}\n", f"{_cell(question)}\n"]
                parts.append(_table(["name", "what it does", "source"], rows))
    return "\n".join(parts)


def _source(docstring: str) -> str:
    """Give the References section of a numpydoc docstring as one line."""
    found = re.search(r"^References\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}|\Z)", docstring, re.M | re.S)
    return re.sub(r"\.\. \[\d+\] ", "", " ".join(found.group(1).split())) if found else ""


def write(folder: Path, reports: Path) -> None:
    """Write the four pages of the reference.

    Parameters
    ----------
    folder : Path
        Where to; it is made if it is not there.
    reports : Path
        Root of the published studies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "parameters.md": parameters(),
        "tables.md": input_tables(),
        "industry.md": industry_profile(),
        "published.md": published_tables(reports),
        "sources.md": methods(),
    }
    for name, text in pages.items():
        (folder / name).write_text(f"{text}\nOf kamlab {kamlab.__version__}.\n", encoding="utf-8")
