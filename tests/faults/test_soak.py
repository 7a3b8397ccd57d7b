"""Two hundred runs killed at random moments: no page is ever lost or half there."""

import random
import time
from contextlib import suppress

import psutil
import pytest

from kamlab.studies.history import all_runs

pytestmark = [pytest.mark.slow, pytest.mark.kernel, pytest.mark.timeout(3600)]

KILLS = 200


def _kill_one(runner, draw):
    """Kill the runner, or one of the processes it started, whichever the lot names."""
    with_runner = [psutil.Process(runner.pid)]
    children = with_runner[0].children(recursive=True)
    victim = draw.choice(with_runner * 2 + children)
    name = "runner" if victim.pid == runner.pid else "child"
    victim.kill()
    return name


def _is_whole(manifest):
    if manifest["status"] != "success":
        return manifest["status"] != "broken"
    folder = manifest["folder"]
    page = (folder / "index.html").read_text()
    tables = [folder / "tables" / f"{t['name']}.csv" for t in manifest["tables"]]
    return page.rstrip().endswith("</html>") and all(path.is_file() for path in tables)


def test_two_hundred_random_kills_lose_and_corrupt_no_page(before, reader, wait_for):
    draw = random.Random(7)  # noqa: S311  a lot for kill points, no secret
    before.write(
        "value", 'study.table("t", pd.DataFrame({"a": range(9)}))', "study.headline('V', 1)"
    )
    killed = {"runner": 0, "child": 0}
    whole_runs = 0
    started = time.monotonic()
    assert before.run("value", "--as-of", "2013-01-01").returncode == 0
    whole = 1.1 * (time.monotonic() - started)  # so that kills fall on all of a run
    with reader(before):
        while sum(killed.values()) < KILLS:
            runner = before.start("value", "--as-of", draw.choice(["2013-01-01", "2013-02-01"]))
            time.sleep(draw.uniform(0.0, whole))
            if runner.poll() is None:
                with suppress(psutil.NoSuchProcess):
                    killed[_kill_one(runner, draw)] += 1
            runner.communicate(timeout=60)
            whole_runs += runner.returncode == 0
            assert runner.returncode in (0, 1, -9)
            assert all(_is_whole(manifest) for manifest in all_runs(before.out))
        result = before.run("value", "--as-of", "2013-03-01")

    assert result.returncode == 0, result.stderr
    assert before.manifest("value")["as_of"] == "2013-03-01"
    assert min(killed.values()) > 20
    assert whole_runs > 0
    assert not list((before.out / ".kamlab" / "work").iterdir())
