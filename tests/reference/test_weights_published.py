"""Weights of the textbooks: Saaty, Wang and Chin, Rezaei, Elsayed, Diakoulaki, Tuş and Adalı."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation import weights as w

WANG_CHIN = [  # Wang and Chin 2011, in the tests of pymcdm
    [1, 4, 3, 1, 3, 4],
    [1 / 4, 1, 7, 3, 1 / 5, 1],
    [1 / 3, 1 / 7, 1, 1 / 5, 1 / 5, 1 / 6],
    [1, 1 / 3, 5, 1, 1, 1 / 3],
    [1 / 3, 5, 5, 1, 1, 3],
    [1 / 4, 1, 6, 3, 1 / 3, 1],
]
FOUR = [[1, 1 / 4, 4, 1 / 6], [4, 1, 4, 1 / 4], [1 / 4, 1 / 4, 1, 1 / 5], [6, 4, 5, 1]]
ELSAYED = [  # Elsayed, Dawood and Karthikeyan 2017, in the tests of pymcdm
    [7, 312, 1891, 6613, 163],
    [72, 88, 728, 941804, 1078],
    [10, 252, 2594, 3466, 117471],
    [10, 145, 980, 2371, 86329],
    [65, 54, 350, 501, 29897],
    [29, 48, 380, 912, 34051],
    [7, 476, 3300, 78470, 2212],
    [70, 87, 650, 733, 819000],
    [4, 86, 591, 3015, 103],
    [12, 79, 579, 3240, 96098],
    [21, 45, 261, 1253, 453],
    [1, 72, 530, 4333, 0.1048],
]
DIAKOULAKI = [
    [61, 1.08, 4.33],
    [20.7, 0.26, 4.34],
    [16.3, 1.98, 2.53],
    [9, 3.29, 1.65],
    [5.4, 2.77, 2.33],
    [4, 4.12, 1.21],
    [-6.1, 3.52, 2.10],
    [-34.6, 3.31, 0.98],
]
TUS_ADALI = [
    [5000, 3, 3, 4, 3, 2],
    [680, 5, 3, 2, 2, 1],
    [2000, 3, 2, 3, 4, 3],
    [600, 4, 3, 1, 2, 2],
    [800, 2, 4, 3, 3, 4],
]


def _square(rows):
    names = [f"c{i}" for i in range(len(rows))]
    return pd.DataFrame(rows, names, names, dtype=float)


def test_ahp_of_wang_and_chin_contradicts_itself_and_warns():
    with pytest.warns(UserWarning, match=r"consistency ratio 0\.229, above 0\.10"):
        made = w.ahp(_square(WANG_CHIN))

    assert made.weights.tolist() == pytest.approx(
        [0.3208, 0.1395, 0.0348, 0.1285, 0.2374, 0.1391], abs=5e-5
    )
    assert made.largest_eigenvalue == pytest.approx(7.4199, abs=5e-5)
    assert made.consistency_index == pytest.approx(0.2840, abs=5e-5)
    assert made.random_index == 1.24


def test_ahp_of_four_criteria():
    with pytest.warns(UserWarning, match="contradict"):
        made = w.ahp(_square(FOUR))

    assert made.weights.tolist() == pytest.approx([0.1159, 0.2469, 0.0600, 0.5773], abs=5e-5)
    assert made.largest_eigenvalue == pytest.approx(4.4347, abs=5e-5)
    assert made.consistency_ratio == pytest.approx(0.161, abs=5e-4)


def test_best_worst_of_rezaei():
    names = ["price", "quality", "comfort", "safety", "style"]
    published = pd.Series([0.2462, 0.4308, 0.1231, 0.1538, 0.0462], names)
    # the most important one is the second: 1 against itself
    best_to_others = dict(zip(names, [2, 1, 4, 3, 8], strict=True))
    others_to_worst = dict(zip(names, [4, 8, 4, 2, 1], strict=True))

    made = w.best_worst("quality", "style", best_to_others, others_to_worst)

    assert made.weights.tolist() == pytest.approx(published.tolist(), abs=5e-5)
    assert made.deviation == pytest.approx(0.0615, abs=5e-5)


@pytest.mark.parametrize(
    ("matrix", "published"),
    [
        (ELSAYED, [0.104991, 0.069124, 0.071373, 0.449937, 0.304575]),
        ([[1, 2], [4, 16]], [0.358889, 0.641111]),
    ],
)
def test_entropy(matrix, published):
    assert w.entropy_weights(pd.DataFrame(matrix)).tolist() == pytest.approx(published, abs=6e-7)


def test_critic():
    found = w.critic_weights(pd.DataFrame(DIAKOULAKI))
    other = w.critic_weights(pd.DataFrame(TUS_ADALI))

    assert found.tolist() == pytest.approx([0.20222554, 0.48090173, 0.31687273], abs=1e-8)
    assert other.tolist() == pytest.approx([0.157, 0.249, 0.168, 0.121, 0.154, 0.151], abs=5e-4)


def test_weights_agree_with_scikit_criteria_on_random_matrices():
    from skcriteria import mkdm
    from skcriteria.preprocessing.weighters import CRITIC, EntropyWeighter

    rng = np.random.default_rng(3)
    for _ in range(5):
        matrix = pd.DataFrame(rng.gamma(2, 3, (30, 4)))
        problem = mkdm(matrix.to_numpy(), [max] * 4)
        for ours, theirs in (
            (w.entropy_weights(matrix), EntropyWeighter()),
            (w.critic_weights(matrix), CRITIC()),
        ):
            assert ours.to_numpy() == pytest.approx(
                np.asarray(theirs.transform(problem).weights), rel=1e-9
            )
