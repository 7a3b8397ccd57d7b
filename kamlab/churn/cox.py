"""Who stays longer than others, by how much, and how much longer will each account stay?"""

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kamlab.churn.lifetimes import check_lifetimes, normal_quantile
from kamlab.churn.partial_likelihood import likelihood, maximise, risk_sets, schoenfeld
from kamlab.churn.survival import survival_curve

_VAGUE = 100.0  # standard error, for one standard deviation of a column, that tells nothing


class CoxModel(BaseEstimator):
    """Cox's proportional hazards: what multiplies the rate at which accounts leave.

    Ties are treated after Efron (months and days are full of them, and Breslow's shortcut pulls
    coefficients to 0), and accounts count from their entry only.

    Parameters
    ----------
    ridge : float, default 0
        Half of it times the sum of squared coefficients (of columns scaled to a standard deviation
        of 1) is taken off the log-likelihood: for many columns and few leavers.

    Attributes
    ----------
    coefficients_ : pd.Series
        Logarithm of what one more unit of each column multiplies the hazard by. Text columns give a
        column a value ("industry=food"), held against the most frequent one.
    covariance_ : pd.DataFrame
        Inverse of the (penalised) information.
    standard_errors_ : pd.Series
    log_likelihood_, null_log_likelihood_ : float
        Partial, at the coefficients and with none.
    baseline_ : pd.DataFrame
        `time`, `hazard`, `cumulative_hazard`, `survival` of an account that is average in every
        column.
    centre_ : pd.Series
        Those averages.
    levels_ : dict of str to list
        Of each text column, the values that have a coefficient and, first, the one that has none.
    accounts_, events_, iterations_ : int
    last_ : float
        Latest time watched; nothing is predicted beyond it.

    References
    ----------
    .. [1] D. R. Cox, "Regression models and life-tables", Journal of the Royal Statistical Society
       B 34, 1972.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> visits = pd.DataFrame({"visits": rng.integers(0, 5, 500)})
    >>> life = rng.exponential(np.exp(0.5 * visits["visits"]))
    >>> model = CoxModel().fit(visits, np.minimum(life, 10), life < 10)
    >>> bool(abs(model.coefficients_["visits"] + 0.5) < 0.1)
    True
    """

    coefficients_: pd.Series
    covariance_: pd.DataFrame
    standard_errors_: pd.Series
    log_likelihood_: float
    null_log_likelihood_: float
    baseline_: pd.DataFrame
    centre_: pd.Series
    levels_: dict[str, list]
    accounts_: int
    events_: int
    iterations_: int
    last_: float

    def __init__(self, *, ridge: float = 0.0) -> None:
        self.ridge = ridge

    def fit(
        self,
        X: pd.DataFrame | npt.ArrayLike,
        durations: npt.ArrayLike,
        event: npt.ArrayLike,
        entry: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit by the highest partial likelihood.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_accounts, n_columns)
            Numbers, truths or text, as known when an account came under observation. None missing.
        durations, event, entry : array-like of shape (n_accounts,)
            As `kamlab.churn.lifetimes.check_lifetimes` takes them.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If nobody left, a value is missing, a column never varies or follows from the others, or
            a coefficient has no finite estimate because a column tells leavers apart completely.
        """
        if not self.ridge >= 0:
            raise ValueError(f"ridge must be 0 or more, not {self.ridge}")
        lasted, left, entered = check_lifetimes(durations, event, entry)
        frame = _as_frame(X)
        self.levels_ = {
            column: list(frame[column].astype(str).value_counts().sort_index(kind="stable")
                         .sort_values(ascending=False, kind="stable").index)
            for column in frame if not pd.api.types.is_numeric_dtype(frame[column])
        }  # fmt: skip
        table = self._table(frame)
        if len(table) != len(lasted):
            raise ValueError(f"X has {len(table)} rows for {len(lasted)} accounts")
        sets = risk_sets(lasted, left, entered)
        self.centre_ = table.mean().rename("mean")
        spread = table.std(ddof=0)
        values = ((table - self.centre_) / spread.where(spread > 0, 1.0)).to_numpy()
        _refuse_dependent(values, list(table.columns), self.ridge)
        found, self.iterations_, settled = maximise(values, sets, self.ridge)
        best = likelihood(values, found, sets)
        covariance = np.linalg.pinv(
            best.information + self.ridge * np.eye(len(found)), hermitian=True
        )
        vague = np.sqrt(np.diag(covariance)) > _VAGUE
        weak = np.diag(best.information) < _VAGUE**-2
        if not self.ridge and (vague.any() or weak.any() or not settled):
            names = ", ".join(table.columns[vague | weak]) or "all columns together"
            raise ValueError(
                f"no finite coefficient fits {names}: they tell who leaves first completely, or "
                "hardly vary; leave them out, merge rare values, or set a ridge"
            )
        scale = spread.where(spread > 0, 1.0).to_numpy()
        self.coefficients_ = pd.Series(found / scale, table.columns, name="coefficient")
        self.covariance_ = pd.DataFrame(
            covariance / np.outer(scale, scale), table.columns, table.columns
        )
        self.standard_errors_ = pd.Series(
            np.sqrt(np.diag(self.covariance_)), table.columns, name="standard_error"
        )
        self.log_likelihood_ = best.value
        self.null_log_likelihood_ = likelihood(values, 0 * found, sets).value
        cumulative = np.cumsum(best.hazard)
        self.baseline_ = pd.DataFrame(
            {
                "time": sets.times,
                "hazard": best.hazard,
                "cumulative_hazard": cumulative,
                "survival": np.exp(-cumulative),
            }
        )
        self.accounts_, self.events_, self.last_ = len(lasted), int(left.sum()), float(lasted.max())
        return self

    def summary(self, *, level: float = 0.95) -> pd.DataFrame:
        """Say what each column does to the rate of leaving.

        Returns
        -------
        pd.DataFrame
            A row a column: `column`, `coefficient`, `standard_error`, `hazard_ratio` (what one more
            unit multiplies the rate of leaving by), `low`, `high` (of the ratio), `z`, `p_value`.
        """
        check_is_fitted(self, "coefficients_")
        beta, error = self.coefficients_.to_numpy(), self.standard_errors_.to_numpy()
        half = normal_quantile(level) * error
        z = beta / error
        return pd.DataFrame(
            {
                "column": self.coefficients_.index,
                "coefficient": beta,
                "standard_error": error,
                "hazard_ratio": np.exp(beta),
                "low": np.exp(beta - half),
                "high": np.exp(beta + half),
                "z": z,
                "p_value": 2 * special.ndtr(-np.abs(z)),
            }
        )

    def predict(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Give the logarithm of each account's hazard against the average account's.

        Returns
        -------
        np.ndarray of shape (n_accounts,)
            Higher for those who leave sooner.
        """
        check_is_fitted(self, "coefficients_")
        table = self._table(_as_frame(X))
        return ((table - self.centre_) @ self.coefficients_).to_numpy()

    def predict_survival(
        self,
        X: pd.DataFrame | npt.ArrayLike,
        times: npt.ArrayLike,
        *,
        tenure: npt.ArrayLike = 0.0,
    ) -> pd.DataFrame:
        """Give the probability that each account is still here after further times.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_accounts, n_columns)
        times : array-like of shape (n_times,)
            Further times, counted from the tenure.
        tenure : float or array-like of shape (n_accounts,), default 0
            How long each account has been here already.

        Returns
        -------
        pd.DataFrame of shape (n_accounts, n_times)
            Columns are the times; missing beyond the latest time that was ever watched.
        """
        risk = np.exp(self.predict(X))[:, None]
        ahead = np.asarray(times, float)
        sofar = np.broadcast_to(np.asarray(tenure, float), len(risk))[:, None]
        if (ahead < 0).any() or (sofar < 0).any():
            raise ValueError("times and tenure must be 0 or more")
        coming = self._cumulative(sofar + ahead) - self._cumulative(sofar)
        share = np.where(sofar + ahead <= self.last_, np.exp(-coming * risk), np.nan)
        return pd.DataFrame(share, getattr(X, "index", None), ahead)

    def median_remaining(
        self, X: pd.DataFrame | npt.ArrayLike, *, tenure: npt.ArrayLike = 0.0
    ) -> np.ndarray:
        """Give the further time after which half of accounts like each have left.

        Returns
        -------
        np.ndarray of shape (n_accounts,)
            Infinite where fewer than half leave as far as was watched.
        """
        risk = np.exp(self.predict(X))
        sofar = np.broadcast_to(np.asarray(tenure, float), len(risk))
        needed = self._cumulative(sofar) + np.log(2) / risk
        place = np.searchsorted(self.baseline_["cumulative_hazard"].to_numpy(), needed - 1e-12)
        return np.r_[self.baseline_["time"].to_numpy(), np.inf][place] - sofar

    def proportionality(
        self,
        X: pd.DataFrame | npt.ArrayLike,
        durations: npt.ArrayLike,
        event: npt.ArrayLike,
        entry: npt.ArrayLike | None = None,
        *,
        transform: str = "km",
    ) -> pd.DataFrame:
        """Test whether what a column does to the hazard stays the same as accounts grow older.

        Parameters
        ----------
        X, durations, event, entry
            What the model was fitted on.
        transform : {"km", "rank", "identity", "log"}, default "km"
            Of time, against which coefficients may drift: share left, rank, time or its logarithm.

        Returns
        -------
        pd.DataFrame
            A row a column and one for "all": `column`, `correlation` (of scaled Schoenfeld
            residuals with time: positive where a coefficient grows), `statistic` (chi-squared of
            the score test), `freedom`, `p_value`. With a ridge the test is approximate.

        References
        ----------
        .. [1] P. Grambsch and T. Therneau, "Proportional hazards tests and diagnostics based on
           weighted residuals", Biometrika 81, 1994; the score test itself, not its approximation,
           as in R's survival since version 3.
        """
        check_is_fitted(self, "coefficients_")
        lasted, left, entered = check_lifetimes(durations, event, entry)
        table = self._table(_as_frame(X))
        values, sets = (table - self.centre_).to_numpy(), risk_sets(lasted, left, entered)
        beta = self.coefficients_.to_numpy()
        curve = survival_curve(lasted, left, entry=entry).set_index("time")["survival"]
        drift = _transformed(transform, sets.times, sets.owner, curve)
        drift = drift - drift[sets.owner].mean()
        plain = likelihood(values, beta, sets)
        first = likelihood(values, beta, sets, drift)
        second = likelihood(values, beta, sets, drift**2)
        cross = np.linalg.solve(plain.information, first.information)
        spread = second.information - first.information.T @ cross
        score = first.gradient
        each = score**2 / np.diag(spread)
        scaled = schoenfeld(values, plain, sets) @ np.linalg.inv(plain.information)
        along = [np.corrcoef(drift[sets.owner], column)[0, 1] for column in scaled.T]
        statistic = np.r_[each, score @ np.linalg.solve(spread, score)]
        freedom = np.r_[np.ones(len(each), int), len(each)]
        return pd.DataFrame(
            {
                "column": [*table.columns, "all"],
                "correlation": [*along, np.nan],
                "statistic": statistic,
                "freedom": freedom,
                "p_value": special.chdtrc(freedom, statistic),
            }
        )

    def __getstate__(self) -> dict:
        """Give what is saved: tables as plain lists, which skops can save and check."""
        state = dict(super().__getstate__())
        tables = {name: value for name, value in state.items() if isinstance(value, pd.DataFrame)}
        columns = {name: value for name, value in state.items() if isinstance(value, pd.Series)}
        state |= {name: table.to_dict("tight") for name, table in tables.items()}
        state |= {name: column.to_frame().to_dict("tight") for name, column in columns.items()}
        return state | {"tables": sorted(tables), "columns": sorted(columns)}

    def __setstate__(self, state: dict) -> None:
        """Take up what was saved."""
        kinds = {name: state[name] for name in ("tables", "columns")}
        plain = {name: value for name, value in state.items() if name not in kinds}
        for name in [*kinds["tables"], *kinds["columns"]]:
            table = pd.DataFrame.from_dict(plain[name], orient="tight")
            plain[name] = table if name in kinds["tables"] else table.iloc[:, 0]
        super().__setstate__(plain)

    def _cumulative(self, times: np.ndarray) -> np.ndarray:
        """Give the cumulative hazard of the average account at times."""
        place = np.searchsorted(self.baseline_["time"].to_numpy(), times, "right")
        return np.r_[0.0, self.baseline_["cumulative_hazard"].to_numpy()][place]

    def _table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Turn a table into numbers: each value of a text column but the first is a column."""
        parts = {}
        for column in frame:
            if column not in self.levels_:
                parts[str(column)] = frame[column].to_numpy(float)
                continue
            text = frame[column].astype(str)
            unknown = sorted(set(text) - set(self.levels_[column]))
            if unknown:
                raise ValueError(f"{column} has values not fitted on: {', '.join(unknown[:5])}")
            for value in self.levels_[column][1:]:
                parts[f"{column}={value}"] = (text == value).to_numpy(float)
        return pd.DataFrame(parts, index=frame.index)


def _as_frame(X: pd.DataFrame | npt.ArrayLike) -> pd.DataFrame:
    """Give a table with names, and refuse missing values."""
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X)).add_prefix("x")
    frame = frame.rename(columns=str)
    missing = frame.columns[frame.isna().any()]
    if len(missing):
        raise ValueError(f"values are missing in {', '.join(missing)}: fill them or leave rows out")
    return frame


def _refuse_dependent(values: np.ndarray, names: list[str], ridge: float) -> None:
    """Refuse columns that never vary or follow from those before them."""
    if not names:
        raise ValueError("there is no column to learn from")
    still = [name for name, column in zip(names, values.T, strict=True) if not column.any()]
    if still:
        raise ValueError(f"these columns never vary: {', '.join(still)}")
    diagonal = np.abs(np.diag(np.linalg.qr(values, mode="r")))
    if not ridge and (len(diagonal) < len(names) or diagonal.min() < 1e-7 * np.sqrt(len(values))):
        least = names[int(np.argmin(diagonal))] if len(diagonal) == len(names) else names[-1]
        raise ValueError(f"{least} follows from the other columns: leave it out or set a ridge")


def _transformed(
    transform: str, times: np.ndarray, owner: np.ndarray, curve: pd.Series
) -> np.ndarray:
    """Give the function of each time at which accounts left against which effects may drift."""
    if transform == "km":
        before = np.searchsorted(curve.index.to_numpy(), times, "left") - 1
        return 1 - np.r_[curve.to_numpy(), 1.0][before]
    if transform == "rank":
        return np.unique(stats.rankdata(times[owner]))
    if transform == "identity":
        return times
    if transform == "log":
        return np.log(np.maximum(times, np.finfo(float).tiny))
    raise ValueError(f"transform must be km, rank, identity or log, not {transform!r}")
