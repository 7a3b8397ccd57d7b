"""How is a fitted model kept, so that it is known what it was fitted on and opening it is safe?"""

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from kamlab.errors import DataRefusedError, UsageError

_MARK = "kamlab model 1"
_PACKAGES = ("kamlab", "numpy", "pandas", "scikit-learn", "scikit-survival", "skops")
# what a file may hold besides numbers, text and scikit-learn's own models
_TRUSTED = {
    "kamlab.churn.candidates.Boosting",
    "kamlab.churn.candidates.Logistic",
    "kamlab.churn.columns.Column",
    "kamlab.churn.columns.MessyColumns",
    "kamlab.churn.cox.CoxModel",
    "kamlab.churn.explainable.Explainable",
    "kamlab.churn.model.ChurnModel",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
}
_MODELS = ("kamlab.churn.cox.CoxModel", "kamlab.churn.model.ChurnModel")


def save(model: BaseEstimator, path: str | Path, *, fitted_on: Mapping[str, Any]) -> Path:
    """Keep a fitted model in a file.

    Parameters
    ----------
    model : ChurnModel or CoxModel
        Fitted.
    path : str or Path
        File to write, by custom with the ending ".skops"; an older one is replaced in one step.
    fitted_on : mapping of str to anything that JSON can hold
        What it was fitted on, to be read by people: files and their hashes, days, numbers of
        accounts and leavers. Dates become text.

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        If it is no model of ours, or is not fitted.

    See Also
    --------
    load : Take the model up again.
    read_about : See what it was fitted on.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from kamlab.churn.model import ChurnModel
    >>> table = pd.DataFrame({"silent_days": np.arange(60.0)})
    >>> model = ChurnModel().fit(table, np.arange(60) % 7 > 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save(model, Path(folder) / "churn.skops", fitted_on={"accounts": 60})
    ...     same = np.array_equal(load(file).predict_proba(table), model.predict_proba(table))
    ...     same, read_about(file)["fitted_on"]
    (True, {'accounts': 60})
    """
    import skops.io
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    name = f"{type(model).__module__}.{type(model).__qualname__}"
    if name not in _MODELS:
        raise UsageError(f"{name} is not a model that can be kept here: {', '.join(_MODELS)}")
    try:
        check_is_fitted(model)
    except NotFittedError as unfitted:
        raise UsageError("the model is not fitted: call its fit first") from unfitted
    about = {
        "versions": _versions(),
        "model": name,
        "fitted_on": dict(fitted_on),
    }
    content = {"mark": _MARK, "about": json.dumps(about, default=str), "model": model}
    data = skops.io.dumps(content)
    foreign = set(skops.io.get_untrusted_types(data=data)) - _TRUSTED
    if foreign:
        raise UsageError(f"the model holds what could not be loaded again: {_list(foreign)}")
    target = Path(path)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as draft:
        try:
            draft.write(data)
            draft.close()
            Path(draft.name).chmod(0o666 & ~_umask())
            Path(draft.name).replace(target)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
    return target


def load(path: str | Path) -> Any:  # noqa: ANN401  one of our models, whichever was saved
    """Take up a model that was kept.

    Nothing in the file is run: it holds numbers, text and names of kinds, and every kind is held
    against a fixed list before anything is made of it.

    Parameters
    ----------
    path : str or Path
        File written by `save`.

    Returns
    -------
    ChurnModel or CoxModel

    Raises
    ------
    DataRefusedError
        If there is no such file, it is not one of ours, holds foreign kinds, or was fitted under
        another version of scikit-learn, under which it might predict otherwise.
    """
    content, about = _opened(path)
    now, then = _versions(), about["versions"]
    for package in ("scikit-learn", "scikit-survival"):
        if _line(now[package]) != _line(then.get(package, "?")):
            raise DataRefusedError(
                f"{path}: the model was fitted under {package} {then.get(package)}, here is "
                f"{now[package]}; fit it again, or install {package} {then.get(package)}"
            )
    return content["model"]


def read_about(path: str | Path) -> dict[str, Any]:
    """Say what a kept model was fitted on.

    Parameters
    ----------
    path : str or Path
        File written by `save`.

    Returns
    -------
    dict of str to Any
        `versions` (of packages), `model` (its kind) and `fitted_on` (as given to `save`).

    Raises
    ------
    DataRefusedError
        As `load`, whatever the versions.
    """
    return _opened(path)[1]


def _opened(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open a file without trusting it."""
    import warnings

    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    file = Path(path)
    if not file.is_file():
        raise DataRefusedError(f"{file}: no such file")
    if not zipfile.is_zipfile(file):
        raise DataRefusedError(
            f"{file}: not a kept model but another kind of file (a pickle, perhaps); nothing of it "
            "was run. Expected: a file written by kamlab.churn.persist.save"
        )
    data = file.read_bytes()
    try:
        foreign = set(skops.io.get_untrusted_types(data=data)) - _TRUSTED
        if foreign:
            raise DataRefusedError(
                f"{file}: holds kinds that a model of ours does not: {_list(foreign)}; nothing of "
                "it was run. Fit and save the model anew"
            )
        with warnings.catch_warnings():
            # a message of our own, which names both versions, takes the place of this warning
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            content = skops.io.loads(data, trusted=sorted(_TRUSTED))
        about = json.loads(content["about"])
        whole = content["mark"] == _MARK and isinstance(about["versions"], dict)
        kind = f"{type(content['model']).__module__}.{type(content['model']).__qualname__}"
        if not whole or kind not in _MODELS:
            raise ValueError(f"a {kind} marked {content['mark']!r}")
    except DataRefusedError:
        raise
    except Exception as wrong:
        raise DataRefusedError(
            f"{file}: cannot be read as a kept model ({type(wrong).__name__}: {wrong}); nothing of "
            "it was run. Fit and save the model anew"
        ) from wrong
    return content, about


def _versions() -> dict[str, str]:
    """Give the versions of what a model depends on."""
    import kamlab

    return {
        package: kamlab.__version__ if package == "kamlab" else version(package)
        for package in _PACKAGES
    }


def _line(number: str) -> list[str]:
    """Give major and minor number."""
    return number.split(".")[:2]


def _list(names: set[str]) -> str:
    """Name up to three."""
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _umask() -> int:
    """Give the mask of new files, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
