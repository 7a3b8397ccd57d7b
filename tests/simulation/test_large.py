import json
import shutil
import subprocess
import sys

import pytest

CODE = """
import json, resource, sys
from kamlab.simulation import write_demo
summary = write_demo(sys.argv[1], size="large")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"lines": summary.order_lines, "accounts": summary.accounts, "peak": peak}))
"""


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_large_streams_sixty_million_lines_in_two_gigabytes(tmp_path):
    try:
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True
        )
    finally:
        shutil.rmtree(tmp_path)
    written = json.loads(done.stdout)

    assert written["accounts"] == 200_000
    assert written["lines"] >= 60_000_000
    assert written["peak"] < 2 * 2**30
