"""Does it happen, and how much is it worth if it does? Win-back, second lives, shares of wallet."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from kamlab.churn.calibration import calibration_line
from kamlab.churn.metrics import auc

SHAPES = ("none", "linear", "curved")
_FEWEST = 20  # rows of each outcome before anything is fitted
_Z95 = 1.959964


class TwoPartModel(BaseEstimator):
    """Predict whether something happens and its amounts if it does, as far as features tell.

    One model says whether (logistic), one for each amount says how much, fitted to the rows in
    which it happened (ridge). Each takes the features as they are or with squares and products,
    whichever predicts rows that it had not seen better; where neither clearly beats the mean, it is
    the mean.

    Parameters
    ----------
    low, high : float, optional
        Bounds of the amounts, such as 0 and 1 for a share.
    folds : int, default 5
    seed : int, default 0
        Of the folds.

    Attributes
    ----------
    judged_ : pd.DataFrame
        One row a part ("happens" and each amount), on rows that the model had not seen: `part`,
        `shape` ("none": the mean, "linear", "curved"), `rows`, `explained` (share of the log loss
        or variance of the mean that goes away) with `explained_low`, `explained_high` (95 %), and
        for "happens" `auc`, `slope` and `intercept` of the calibration line (1 and 0 are right;
        missing for the mean).
    out_of_fold_ : np.ndarray of shape (n,)
        Probability for each row by a model that had not seen its cluster.
    names_ : list of str
        Features; text columns become one column a value (listed in `values_` too).

    References
    ----------
    .. [1] J. S. Thomas, R. C. Blattberg and E. J. Fox, "Recapturing lost customers", Journal of
       Marketing Research 41, 2004.
    .. [2] B. Stauss and C. Friege, "Regaining service customers", Journal of Service Research 1,
       1999 (second lifetime value).
    .. [3] N. Duan et al., "A comparison of alternative models for the demand for medical care",
       Journal of Business and Economic Statistics 1, 1983 (two parts).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"years": rng.uniform(0, 10, 300)})
    >>> came = rng.random(300) < x["years"] / 10
    >>> model = TwoPartModel().fit(x, came, pd.DataFrame({"value": 50 * x["years"]}))
    >>> model.predict(pd.DataFrame({"years": [8.0]}))["value"].round(0).tolist()
    [400.0]
    """

    def __init__(
        self,
        *,
        low: float | None = None,
        high: float | None = None,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.low = low
        self.high = high
        self.folds = folds
        self.seed = seed

    def fit(
        self,
        X: pd.DataFrame,
        happened: npt.ArrayLike,
        amounts: pd.DataFrame,
        *,
        clusters: npt.ArrayLike | None = None,
    ) -> "TwoPartModel":
        """Fit to features, what happened, and the amounts of those rows in which it did.

        Parameters
        ----------
        X : pd.DataFrame of shape (n, k)
            Known before; missing numbers become the median.
        happened : array-like of bool of shape (n,)
        amounts : pd.DataFrame of shape (n, m)
            Not looked at where it did not happen.
        clusters : array-like of shape (n,), optional
            Rows of one cluster stay together in a fold.

        Raises
        ------
        ValueError
            If fewer than 20 rows happened, or some did not and they are fewer than 20.
        """
        t = np.asarray(happened).astype(bool)
        if t.sum() < _FEWEST or 0 < (~t).sum() < _FEWEST:
            raise ValueError(
                f"{t.sum()} of {len(t)} happened: {_FEWEST} that did and {_FEWEST} that did not "
                "are needed, or none that did not"
            )
        table = _as_numbers(X)
        self.names_ = list(table.columns)
        self.middle_ = table.median().fillna(0.0)
        self.values_ = [name for name in self.names_ if name not in X]
        x = table.fillna(self.middle_).to_numpy()
        group = np.arange(len(t)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
        rows = []
        self.happens_, self.out_of_fold_ = None, np.ones(len(t))
        if not t.all():
            self.happens_, shape, self.out_of_fold_, gain = self._chosen(x, t, group, whether=True)
            row = {"part": "happens", "shape": shape, "rows": len(t)} | gain
            if shape != "none":
                line = calibration_line(t, self.out_of_fold_)
                row["auc"] = auc(t, self.out_of_fold_).value
                row |= {"slope": line.slope.value, "intercept": line.intercept.value}
            rows.append(row)
        self.amounts_ = {}
        for name in amounts:
            y = amounts[name].to_numpy(float)[t]
            model, shape, _, gain = self._chosen(x[t], y, group[t], whether=False)
            self.amounts_[str(name)] = model
            rows.append({"part": str(name), "shape": shape, "rows": len(y)} | gain)
        columns = ["part", "shape", "rows", "explained", "explained_low", "explained_high"]
        self.judged_ = pd.DataFrame(rows).reindex(columns=[*columns, "auc", "slope", "intercept"])
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Give `probability`, each amount if it happens, and `expected_…`, their product."""
        table = _as_numbers(X).reindex(columns=self.names_)
        # a value of a text that no row has is not missing: it is not so
        table[self.values_] = table[self.values_].fillna(0.0)
        x = table.fillna(self.middle_).to_numpy()
        chance = 1.0 if self.happens_ is None else self.happens_.predict_proba(x)[:, 1]
        made = pd.DataFrame({"probability": chance}, X.index)
        for name, model in self.amounts_.items():
            made[name] = np.clip(model.predict(x), self.low, self.high)
            made[f"expected_{name}"] = made["probability"] * made[name]
        return made

    def _chosen(
        self, x: np.ndarray, y: np.ndarray, group: np.ndarray, *, whether: bool
    ) -> tuple[Any, str, np.ndarray, dict[str, float]]:
        """Choose the shape that does best on unseen rows; the mean where none clearly helps."""
        seen = {shape: self._unseen(_made(shape, whether), x, y, group) for shape in SHAPES}
        loss = {shape: _loss(y, made, whether) for shape, made in seen.items()}
        best = min(SHAPES[1:], key=lambda shape: float(loss[shape].mean()))
        base = float(loss["none"].mean())
        share = 1 - float(loss[best].mean()) / base if base > 0 else 0.0
        # of a ratio: what each row adds beyond its part of the mean's own loss
        own = pd.Series((1 - share) * loss["none"] - loss[best]).groupby(group).sum()
        error = float(own.std() * np.sqrt(len(own)) / len(y))
        reach = _Z95 * error / base if base > 0 else 0.0
        shape = best if share - reach > 0 else "none"
        gain = {"explained": share, "explained_low": share - reach, "explained_high": share + reach}
        return _made(shape, whether).fit(x, y), shape, seen[shape], gain

    def _unseen(self, model: Any, x: np.ndarray, y: np.ndarray, group: np.ndarray) -> np.ndarray:  # noqa: ANN401  any scikit-learn estimator
        """Predict each row by a model that had not seen its cluster."""
        from sklearn.model_selection import GroupKFold

        made = np.zeros(len(y))
        folds = GroupKFold(self.folds, shuffle=True, random_state=self.seed)
        for train, test in folds.split(x, y, group):
            fitted = clone(model).fit(x[train], y[train])
            if hasattr(fitted, "predict_proba"):
                made[test] = fitted.predict_proba(x[test])[:, 1]
            else:
                made[test] = np.clip(fitted.predict(x[test]), self.low, self.high)
        return made


def _as_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Give numbers as they are and one column for each value of a text."""
    return pd.get_dummies(X, dtype=float).astype(float)


def _made(shape: str, whether: bool) -> Any:  # noqa: ANN401  any scikit-learn estimator
    """Make a new model of a shape."""
    if shape == "none":
        return DummyClassifier(strategy="prior") if whether else DummyRegressor()
    last: Any = RidgeCV(alphas=np.logspace(-2, 4, 13))
    if whether:
        last = LogisticRegression(C=1.0, max_iter=2000)
    if shape == "linear":
        return make_pipeline(StandardScaler(), last)
    products = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(StandardScaler(), products, StandardScaler(), last)


def _loss(y: np.ndarray, made: np.ndarray, whether: bool) -> np.ndarray:
    """Give each row's log loss or squared error."""
    if not whether:
        return np.asarray((y - made) ** 2)
    p = made.clip(1e-6, 1 - 1e-6)
    return np.asarray(-np.where(y, np.log(p), np.log(1 - p)))
