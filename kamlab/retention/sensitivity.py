"""How strong would something unseen have to be to explain an effect away?"""

import numpy as np


def e_value(standardised_difference: float) -> float:
    """Give the least risk ratio with which something unseen could explain an effect away.

    Parameters
    ----------
    standardised_difference : float
        Effect in standard deviations of the outcome; its sign does not matter.

    Returns
    -------
    float
        From 1 (nothing is needed) upwards: the unseen thing must be linked both to the treatment
        and to the outcome by at least this ratio.

    References
    ----------
    .. [1] T. J. VanderWeele and P. Ding, "Sensitivity analysis in observational research:
       introducing the E-value", Annals of Internal Medicine 167, 2017.

    Examples
    --------
    >>> round(e_value(0.5), 2), e_value(0.0)
    (2.53, 1.0)
    """
    ratio = float(np.exp(0.91 * min(abs(standardised_difference), 50.0)))
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def robustness_value(t_value: float, freedom: float) -> float:
    """Give the share of variation something unseen must explain to bring an effect to zero.

    Parameters
    ----------
    t_value : float
        Estimate over its standard error.
    freedom : float
        Degrees of freedom, above 0.

    Returns
    -------
    float
        0 to 1: partial R² with the treatment and with the outcome alike.

    References
    ----------
    .. [1] C. Cinelli and C. Hazlett, "Making sense of sensitivity", Journal of the Royal
       Statistical Society B 82, 2020; their Darfur example (t 4.18, 783 degrees of freedom) has
       13.9 %.

    Examples
    --------
    >>> round(robustness_value(4.18, 783), 3)
    0.139
    """
    squared = t_value**2 / freedom
    return float((np.sqrt(squared**2 + 4 * squared) - squared) / 2)
