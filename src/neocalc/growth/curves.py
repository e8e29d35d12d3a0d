"""The lines of a growth chart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.errors import InputError
from neocalc.reading.units import Floats, numbers_of, quantity
from neocalc.reading.words import sex_code
from neocalc.references.catalogue import reference_for
from neocalc.references.files import SEXES
from neocalc.references.lms import centile_from_zscore, zscore_from_centile

if TYPE_CHECKING:
    import pint

CENTILES: Final = (3, 10, 50, 90, 97)
"""The lines that `curves` draws unless others are named."""


class Curves(NamedTuple):
    """Lines of a growth chart.

    Attributes
    ----------
    measure, sex, reference, chart_label : str
        What is drawn; `chart_label` must stand on every chart drawn from these lines.
    axis : str
        "age_days", "postmenstrual_age_days", "length_cm", "completed_weeks" or
        "gestational_age_days".
    x : numpy.ndarray
        Positions along the axis, in the unit that its name ends with.
    z, centiles : numpy.ndarray
        Of each line.
    lines : pint.Quantity
        One row for each line, one column for each position.
    """

    measure: str
    sex: str
    reference: str
    chart_label: str
    axis: str
    x: Floats
    z: Floats
    centiles: Floats
    lines: pint.Quantity[Any]


def curves(
    measure: str,
    *,
    sex: str,
    reference: str,
    centiles: Sequence[float] | None = None,
    z: Sequence[float] | None = None,
) -> Curves:
    """Lines of a growth chart, drawn as the publishers draw them: by the plain LMS method.

    The WHO's charts draw their outer lines without the restriction beyond +-3 SD, so that a line
    and the inverse (`measurement`) differ there.

    Parameters
    ----------
    measure : str
        A measure of the reference; also weight_for_height, the standing table of the WHO.
    sex : str
        male, female, m or f.
    reference : str
        Id of the reference or path of a folder.
    centiles, z : sequence of float, optional
        Lines to draw [%] or [unitless]: one of the two; by default centiles 3, 10, 50, 90, 97.

    Returns
    -------
    Curves
        The lines, and the label that must stand on a chart of them.

    Examples
    --------
    >>> chart = curves("weight", sex="female", reference="fenton-2013", centiles=[50])
    >>> chart.axis, float(chart.x[0]), round(float(chart.lines.magnitude[0, 0]), 4)
    ('postmenstrual_age_days', 158.0, 0.5129)
    """
    ref = reference_for(reference, "growth", "size_at_birth")
    if not isinstance(measure, str) or measure not in ref.measures:
        raise InputError("measure", measure, f"{ref.id} has: {', '.join(ref.measures)}")
    if centiles is not None and z is not None:
        raise InputError("z", z, "give centiles or z, not both")
    name, given, accepted = "z", z, "a list of numbers of SD"
    if z is None:
        name, given, accepted = "centiles", centiles, "a list of numbers above 0 and below 100"
    wrong = partial(InputError, name, given, accepted)
    figures, odd, single = numbers_of(CENTILES if given is None else given, name, wrong)
    lines = figures if z is not None else np.asarray(zscore_from_centile(figures))
    if single or odd is not None or not np.isfinite(lines).all():
        raise wrong()
    tables = ref.tables(measure)
    code = sex_code(sex)
    values = np.concatenate(
        [t.measurement(lines[:, np.newaxis], code, restricted=False) for t in tables], axis=1
    )
    keys = np.arange(tables[0].first, tables[-1].last + 1, dtype=np.float64)
    return Curves(
        measure,
        SEXES[code],
        ref.id,
        ref.chart_label,
        tables[0].axis,
        keys / 10 if tables[0].axis == "length_cm" else keys,
        lines,
        np.asarray(centile_from_zscore(lines)) if centiles is None else figures,
        quantity(values, tables[0].unit),
    )
