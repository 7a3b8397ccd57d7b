"""What was not written down? Values with gaps."""

import numpy as np


def known(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Keep values where they are known and put None elsewhere.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
    where : numpy.ndarray of shape (n,), bool

    Returns
    -------
    numpy.ndarray of shape (n,)
        Of objects.

    Examples
    --------
    >>> known(np.array(["a", "b"]), np.array([True, False]))
    array(['a', None], dtype=object)
    """
    kept = values.astype(object)
    kept[~where] = None
    return kept
