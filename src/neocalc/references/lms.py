"""The LMS kernel: z-score, measurement and centile from L, M and S. It knows no tables.

Everywhere `y` and `M` are in the same unit, `L` and `S` are unitless, and the arguments broadcast
as NumPy arrays do. Undefined results are NaN; nothing is clamped or rounded.

References
----------
Cole TJ, Green PJ. Smoothing reference centile curves: the LMS method and penalized likelihood.
Stat Med 1992;11:1305-19. doi:10.1002/sim.4780111005

WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: methods and development.
Geneva: WHO; 2006, ch. 7 (ISBN 92 4 154693 X): the restricted method beyond +-3 SD.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from neocalc.reading.units import Floats

Indices = npt.NDArray[np.intp]

#: Below this the power is taken as 0: the power form would lose every digit.
L_IS_ZERO: Final = 1e-12
_NO_ROWS: Final[Indices] = np.zeros(0, dtype=np.intp)
_MINUS_SQRT_HALF: Final = -math.sqrt(0.5)


def zscore_from_measurement(y: Any, L: Any, M: Any, S: Any, *, restricted: Any = False) -> Any:
    """Z-score of a measurement.

    z = ((y/M)^L - 1) / (L S), and ln(y/M) / S where L is 0. Beyond +-3 the restricted method goes
    on in steps of the distance between the second and the third SD line:
    z = 3 + (y - SD3) / (SD3 - SD2), and likewise below.

    Parameters
    ----------
    y : array_like
        Measurement [unit of M]; must be above 0.
    L, M, S : array_like
        Power [unitless], median [unit of y] and coefficient of variation [unitless].
    restricted : array_like of bool, default False
        Whether the WHO's restriction applies. Where a line that it needs does not exist
        (1 + 3 L S or 1 - 3 L S is not positive), the plain method holds.

    Returns
    -------
    float or numpy.ndarray
        Z-score [unitless]; NaN where y is not a finite number above 0.

    References
    ----------
    doi:10.1002/sim.4780111005; WHO 2006, ch. 7 (ISBN 92 4 154693 X).

    Examples
    --------
    A girl of one day, 10.37 kg (WHO weight-for-age):

    >>> round(zscore_from_measurement(10.37, 0.3259, 3.1957, 0.14578, restricted=True), 6)
    12.46093
    >>> round(zscore_from_measurement(10.37, 0.3259, 3.1957, 0.14578), 6)
    9.841954
    """
    (y, L, M, S), restricted, shape = _flat(y, L, M, S, restricted=restricted)
    z = plain_zscore(y, L, M, S)
    rows = np.flatnonzero((np.abs(z) > 3) & restricted)
    restrict(z, rows, y[rows], L[rows], M[rows], S[rows])
    return _shaped(z, shape)


def measurement_from_zscore(z: Any, L: Any, M: Any, S: Any, *, restricted: Any = False) -> Any:
    """Measurement at a z-score: the inverse of `zscore_from_measurement`.

    y = M (1 + L S z)^(1/L), and M exp(S z) where L is 0; beyond +-3 the restricted method goes on
    in steps of SD3 - SD2 (SD-2 - SD-3 below).

    Parameters
    ----------
    z : array_like
        Z-score [unitless].
    L, M, S : array_like
        Power [unitless], median [any unit] and coefficient of variation [unitless].
    restricted : array_like of bool, default False
        Whether the WHO's restriction applies.

    Returns
    -------
    float or numpy.ndarray
        Measurement [unit of M]; NaN where none exists (1 + L S z is not positive) and where it
        would not be above 0.

    References
    ----------
    doi:10.1002/sim.4780111005; WHO 2006, ch. 7 (ISBN 92 4 154693 X).

    Examples
    --------
    A boy of 365 days at 4 SD (WHO weight-for-age), restricted and plain:

    >>> round(measurement_from_zscore(4, 0.0645, 9.646, 0.10925, restricted=True), 6)
    14.699589
    >>> round(measurement_from_zscore(4, 0.0645, 9.646, 0.10925), 6)
    14.842548
    """
    (z, L, M, S), restricted, shape = _flat(z, L, M, S, restricted=restricted)
    y = _sd_line(z, L, M, S)
    rows = np.flatnonzero((np.abs(z) > 3) & restricted)
    if rows.size:
        beyond, sd3, step = _lines(z[rows], L[rows], M[rows], S[rows])
        extended = sd3 + (z[rows] - beyond) * step
        defined = np.isfinite(step)
        y[rows[defined]] = extended[defined]
    with np.errstate(invalid="ignore"):
        y[~((y > 0) & (y < np.inf))] = np.nan
    return _shaped(y, shape)


def small_line(k: Any, M: Floats, S: Floats) -> Floats:
    """The line k S below the median on the scale of logarithms: M exp(-k S).

    Where L is above 0 no z is below -1 / (L S), however small the measurement is: on a chart with a
    large L S no limit of z flags what no infant weighs. This line is the -k SD line of a chart
    with the same M and S and an L of 0, which has no such floor.

    Parameters
    ----------
    k : float or numpy.ndarray
        How many S [unitless]; NaN for no line.
    M, S : numpy.ndarray
        Median [any unit] and coefficient of variation [unitless].

    Returns
    -------
    numpy.ndarray
        [unit of M]

    Examples
    --------
    Girls of 29w0d (Fenton 2013), whose z is never below -3.45: the line at 6 S [kg].

    >>> small_line(6, np.array([1.1521]), np.array([0.23009])).round(3).tolist()
    [0.29]
    """
    return np.asarray(M * np.exp(-k * S))


def centile_from_zscore(z: Any) -> Any:
    """Centile of a z-score: 100 Phi(z).

    The C library's complementary error function keeps its digits in both tails, and serves one
    value and many alike.

    Parameters
    ----------
    z : array_like
        Z-score [unitless].

    Returns
    -------
    float or numpy.ndarray
        Centile [%].

    Examples
    --------
    >>> centile_from_zscore(0.0)
    50.0
    """
    flat = np.asarray(z, dtype=np.float64)
    values = (flat.ravel() * _MINUS_SQRT_HALF).tolist()
    centiles = 50.0 * np.fromiter(map(math.erfc, values), np.float64, len(values))
    return _shaped(centiles, flat.shape)


def zscore_from_centile(centile: Any) -> Any:
    """Z-score of a centile: the inverse of `centile_from_zscore`.

    Parameters
    ----------
    centile : array_like
        Centile [%], above 0 and below 100.

    Returns
    -------
    float or numpy.ndarray
        Z-score [unitless]; NaN outside 0 to 100, infinite at the ends.

    Examples
    --------
    >>> round(zscore_from_centile(97.5), 6)
    1.959964
    """
    from scipy.special import ndtri  # 200 ms to import: only where it is used

    flat = np.asarray(centile, dtype=np.float64)
    return _shaped(np.asarray(ndtri(flat.ravel() / 100.0)), flat.shape)


def plain_zscore(y: Floats, L: Floats, M: Floats, S: Floats, *, zero_power: bool = True) -> Floats:
    """Plain z-scores of one-dimensional arrays, without any broadcasting.

    `zero_power` says whether any L may be 0.
    """
    z = np.empty(len(y))
    log_ratio = M.copy()
    fill_plain(z, y, L, log_ratio, L * S)
    if zero_power:
        rows = np.flatnonzero(np.abs(L) < L_IS_ZERO)
        fill_zero_power(z, rows, y[rows], M[rows], S[rows])
    return z


def fill_plain(
    z: Floats, y: Floats, L: Floats, M: Floats, LS: Floats, below: float = -math.inf
) -> Indices:
    """Fill `z` with plain z-scores where L is not 0: the hot path, which allocates nothing.

    `LS` is L times S; M is overwritten. The rows whose ln(y/M) is below `below` are returned.
    """
    with np.errstate(all="ignore"):
        log_ratio = np.divide(y, M, out=M)
        np.log(log_ratio, out=log_ratio)
        np.multiply(L, log_ratio, out=z)
        np.expm1(z, out=z)
        np.divide(z, LS, out=z)
        lowest = np.fmin.reduce(log_ratio, initial=0.0)
        highest = np.fmax.reduce(log_ratio, initial=0.0)
        if lowest == -np.inf or highest == np.inf:  # of 0 or of infinity, which nobody measures
            z[np.isinf(log_ratio)] = np.nan
        return np.flatnonzero(log_ratio < below) if lowest < below else _NO_ROWS


def fill_zero_power(z: Floats, rows: Indices, y: Floats, M: Floats, S: Floats) -> None:
    """Replace z[rows], whose L is 0, by ln(y/M) / S; y, M and S are those of `rows`."""
    if rows.size:
        with np.errstate(all="ignore"):
            log_ratio = np.log(y / M)
            z[rows] = np.where(np.isfinite(log_ratio), log_ratio / S, np.nan)


def restrict(z: Floats, rows: Indices, y: Floats, L: Floats, M: Floats, S: Floats) -> None:
    """Replace z[rows], all beyond +-3, by the restricted z; y, L, M, S are those of `rows`."""
    if rows.size:
        beyond, sd3, step = _lines(z[rows], L, M, S)
        with np.errstate(all="ignore"):
            restricted = beyond + (y - sd3) / step
        defined = np.isfinite(restricted)
        z[rows[defined]] = restricted[defined]


def _lines(z: Floats, L: Floats, M: Floats, S: Floats) -> tuple[Floats, Floats, Floats]:
    """On the side of each z: +-3, its SD line and the distance per z from the second line."""
    side = np.sign(z)
    sd3 = _sd_line(3 * side, L, M, S)
    return 3 * side, sd3, (sd3 - _sd_line(2 * side, L, M, S)) * side


def _sd_line(z: Floats, L: Floats, M: Floats, S: Floats) -> Floats:
    """The plain inverse; NaN where 1 + L S z is not positive."""
    with np.errstate(all="ignore"):
        y: Floats = M * np.exp(np.log1p(L * S * z) / L)
        rows = np.flatnonzero(np.abs(L) < L_IS_ZERO)
        if rows.size:
            y[rows] = M[rows] * np.exp(S[rows] * z[rows])
    y[~np.isfinite(y)] = np.nan
    return y


def _flat(*arrays: Any, restricted: Any) -> tuple[list[Floats], Any, tuple[int, ...]]:
    """The arguments as one-dimensional arrays of one length, and the shape they stand for."""
    *floats, flags = np.broadcast_arrays(
        *(np.asarray(array, dtype=np.float64) for array in arrays), np.asarray(restricted, bool)
    )
    return [np.ascontiguousarray(a).ravel() for a in floats], flags.ravel(), flags.shape


def _shaped(flat: Floats, shape: tuple[int, ...]) -> Any:
    """One value as a float, many in their shape."""
    return flat.reshape(shape) if shape else float(flat[0])
