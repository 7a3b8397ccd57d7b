"""A notebook's linear algebra takes one thread, unless whoever starts it asks for more."""

import json
import os
import subprocess
import sys

import pytest

ASK = """
import json, numpy, threadpoolctl
from kamlab.studies.notebook import Study
Study("key-accounts")
import scipy.linalg
told = threadpoolctl.threadpool_info()
print(json.dumps([one["num_threads"] for one in told if one["user_api"] == "blas"]))
"""


@pytest.mark.parametrize("said", [None, "2", "", "many"])
def test_linear_algebra_takes_the_threads_that_are_asked_for(said):
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment |= {} if said is None else {"OPENBLAS_NUM_THREADS": said}

    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )

    wanted = min(2, os.cpu_count() or 1) if said == "2" else 1
    assert set(json.loads(done.stdout)) == {wanted}
