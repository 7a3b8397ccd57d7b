"""How many threads does linear algebra take in a notebook?"""

import os

_BLAS = "OPENBLAS_NUM_THREADS"


def hold_blas() -> None:
    """Hold linear algebra to one thread, unless the variable OPENBLAS_NUM_THREADS says otherwise.

    Studies solve many small systems. Threads that share one of them wait for each other in a loop:
    on a machine that does anything else this takes four times as long and more. What uses OpenMP
    (boosted trees) keeps its threads.
    """
    from threadpoolctl import threadpool_limits

    said = os.environ.get(_BLAS, "")
    number = int(said) if said.isdigit() else 0
    os.environ[_BLAS] = str(number or 1)  # read by what is loaded later
    threadpool_limits(number or 1, user_api="blas")
