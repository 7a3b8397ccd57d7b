"""What can be asked of a run of studies on the command line?"""

import argparse


def describe_run(run: argparse.ArgumentParser) -> None:
    """Describe the command `run`.

    Parameters
    ----------
    run : argparse.ArgumentParser
        Gets the options.
    """
    run.add_argument("study", nargs="*", metavar="STUDY", help="names; see `kamlab studies`")
    run.add_argument("--all", action="store_true", dest="every", help="every study there is")
    run.add_argument("--data", default="data/demo", metavar="DATA", help="folder (data/demo)")
    run.add_argument(
        "--as-of", default="", metavar="DATE", help="see what happened before this day only"
    )
    _describe_periods(run.add_argument_group("periods and freshness"))
    run.add_argument("--out", "--output", default="reports", metavar="OUT", help="folder (reports)")
    run.add_argument(
        "-p", action="append", default=[], dest="given", metavar="NAME=VALUE", help="a parameter"
    )
    run.add_argument(
        "--each",
        metavar="WHAT",
        help="one page for each: key (the published list), a file of ids, or ids with commas",
    )
    run.add_argument(
        "--language", choices=("en", "zh"), help="of the pages (what kamlab.toml says, else en)"
    )
    run.add_argument(
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="side by side (as cores and memory allow)",
    )
    run.add_argument("--cell-timeout", type=int, default=1800, metavar="S", help="seconds (1800)")
    run.add_argument("--timeout", type=int, default=7200, metavar="S", help="a study (7200)")
    run.add_argument("--run-timeout", type=int, metavar="S", help="the whole run (any time)")
    run.add_argument(
        "--allow-outside", action="store_true", help="let path parameters leave the data's folder"
    )
    run.add_argument("--log", choices=("lines", "json"), default="lines", help="form of progress")
    run.add_argument("--quiet", action="store_true", help="tell failures only")
    run.add_argument(
        "--on-failure",
        metavar="COMMAND",
        help="run this with the manifest of each failed study, or run.json where none began",
    )


def _describe_periods(group: "argparse._ArgumentGroup") -> None:
    """Describe which time a run is about, and how old the data may be."""
    form = "2026-10, 2026-Q4, 2026, FY2026, last-month, last-quarter, last-year"
    group.add_argument("--period", metavar="P", help=f"as of the day after it: {form}")
    group.add_argument("--from", dest="first", metavar="P", help="back-fill from this period")
    group.add_argument("--to", dest="last", metavar="P", help="to this one")
    group.add_argument("--today", metavar="DATE", help="day of the run (the clock's)")
    group.add_argument(
        "--max-age", type=int, metavar="DAYS", help="between the newest order and the run's day"
    )
    group.add_argument(
        "--stale", choices=("refuse", "flag"), help="what to do with older data (refuse)"
    )
