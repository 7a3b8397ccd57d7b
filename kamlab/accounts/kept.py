"""What is computed once, since several queries use it?"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import narwhals as nw

_Made = TypeVar("_Made", bound=Callable[..., Any])


def _always(*_: object, **__: object) -> tuple:
    """Take no arguments, whatever is called."""
    return ()


def takes(*, straight: bool = False, **kept: Callable[..., Any]) -> Callable[[_Made], _Made]:
    """Say which tables a function of order lines takes, where they are kept.

    Parameters
    ----------
    straight : bool, default False
        Whether its result, without options, is read from them as quickly as from a file of its
        own, and needs no order lines, which are then None.
    **kept : callable
        By the name of the argument: the function of order lines that makes the table.

    Returns
    -------
    callable
        Decorator that leaves the function as it is, with the attributes `takes` and `straight`,
        which `kamlab.sources.opening.Sources.once` looks for: `takes`, given the arguments of a
        call, names the tables that help it, each with the function that makes it and its arguments.
    """

    def helping(*given: Any, **named: Any) -> dict[str, tuple[Callable[..., Any], tuple]]:  # noqa: ANN401
        asked = {
            name: getattr(one, "made_for", _always)(*given, **named) for name, one in kept.items()
        }
        return {name: (kept[name], said) for name, said in asked.items() if said is not None}

    def told(make: _Made) -> _Made:
        make.takes, make.straight = helping, straight  # type: ignore[attr-defined]
        return make

    return told


def made_for(asked: Callable[..., tuple | None]) -> Callable[[_Made], _Made]:
    """Say for which calls a table is kept that not every call needs.

    It is made where order lines are here; in a cluster or a database, where it may be as long as
    the lines are, they stay where they are.

    Parameters
    ----------
    asked : callable
        Given the arguments of a call of the function that takes the table, it gives those of the
        function that makes it beside the order lines; None where the table would not help.

    Returns
    -------
    callable
        Decorator that leaves the function as it is, with the attribute `made_for`.
    """

    def told(make: _Made) -> _Made:
        make.made_for = asked  # type: ignore[attr-defined]
        return make

    return told


@contextmanager
def settled(*frames: nw.LazyFrame) -> Iterator[tuple[nw.LazyFrame, ...]]:
    """Compute lazy tables once, so that several queries can use them.

    On DuckDB they wait in Parquet files of a temporary folder, on Spark in its cache, on Polars in
    memory, until the context ends.

    Parameters
    ----------
    *frames : nw.LazyFrame
        Tables much smaller than the order lines, such as account-days; of several engines, all
        come here. Spark's then have `account_id`.

    Yields
    ------
    tuple of nw.LazyFrame
        The same tables.
    """
    with ExitStack() as stack:
        if not frames:
            yield ()
        elif all(frame.implementation.is_spark_like() for frame in frames):
            cached = [frame.to_native().persist() for frame in frames]
            for table in cached:
                stack.callback(table.unpersist)
            yield tuple(nw.from_native(table) for table in cached)
        elif all(frame.implementation.is_polars() for frame in frames):
            yield tuple(frame.collect("polars").lazy() for frame in frames)
        else:
            from kamlab.sources.fetch import fetch
            from kamlab.sources.sql import answer_alike, connect

            folder = stack.enter_context(TemporaryDirectory(prefix="kamlab-"))
            engine = stack.enter_context(connect(Path(folder)))
            paths = [f"{folder}/{k}.parquet" for k in range(len(frames))]
            for frame, path in zip(frames, paths, strict=True):
                if frame.implementation.is_ibis() or frame.implementation.is_spark_like():
                    fetch(frame, Path(path))
                else:
                    frame.sink_parquet(path)
            rows = "SELECT coalesce(max(num_rows), 0) FROM parquet_file_metadata($1)"
            answer_alike(engine, engine.execute(rows, [paths]).fetchall()[0][0])
            yield tuple(nw.from_native(engine.read_parquet(path)) for path in paths)
