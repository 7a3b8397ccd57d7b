"""What was learnt from earlier days is told apart as the trees would by themselves."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from kamlab.segmentation.lessons import _binned, _bounds


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(11)
    matrix = rng.normal(size=(8000, 5))
    matrix[:, 1] = np.exp(matrix[:, 1])
    matrix[:, 2] = rng.integers(0, 30, len(matrix))
    matrix[:, 3] = np.where(matrix[:, 3] > 0, matrix[:, 3], 0)  # many alike
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    known = np.nan_to_num(matrix)
    target = known[:, 0] + known[:, 1] * known[:, 2] / 30 + rng.normal(size=len(matrix))
    return matrix, target, rng.gamma(1, 1, len(matrix)) ** 0.75


def fitted(matrix, target, weight):
    model = HistGradientBoostingRegressor(max_iter=60, early_stopping=False, random_state=0)
    return model.fit(matrix, target, sample_weight=weight)


def test_bounds_are_those_of_scikit_learn(drawn):
    matrix, target, weight = drawn
    theirs = fitted(matrix, target, weight)._bin_mapper.bin_thresholds_
    for column, bounds in zip(matrix.T, theirs, strict=True):
        ours = _bounds(column, weight)
        there = column[~np.isnan(column)]
        assert (np.searchsorted(ours, there) == np.searchsorted(bounds, there)).all()


def test_trees_on_bins_expect_the_same(drawn):
    matrix, target, weight = drawn
    bounds = [_bounds(column, weight) for column in matrix.T]
    ours = fitted(_binned(matrix, bounds), target, weight).predict(_binned(matrix, bounds))
    np.testing.assert_allclose(ours, fitted(matrix, target, weight).predict(matrix))


def test_values_beyond_all_seen_fall_into_the_outer_bins():
    bounds = [_bounds(np.array([1.0, 2.0, np.nan, 3.0]), np.ones(4))]
    far = np.array([[-np.inf], [0.0], [1.0], [2.5], [np.inf], [np.nan]])
    np.testing.assert_array_equal(_binned(far, bounds)[:, 0], [0, 0, 0, 2, 2, np.nan])
