"""The visits of one infant from typed values: the table that a chart is drawn from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neocalc.ages.age import Age
from neocalc.chart.text import count
from neocalc.chart.visits import CHARTED
from neocalc.errors import AgeError, InputError, MissingError
from neocalc.reading.units import figures_of
from neocalc.reading.words import is_missing, sex_code
from neocalc.references.files import MEASURES, SEXES

if TYPE_CHECKING:
    import polars as pl

    from neocalc.reading.units import Floats


def typed_table(
    sex: Any, age: Age | None, *, position: Any = None, oedema: Any = None, **measures: Any
) -> pl.DataFrame:
    """A table of the visits of one infant, from values with units and their ages."""
    import polars as pl

    if not isinstance(age, Age):
        raise AgeError("age", age, "a neocalc.Age of the visits")
    n = len(age)
    if age.status is not None and age.status.any():
        raise AgeError("age", "an age that cannot be used", "an age for each visit")
    data: dict[str, Any] = {"sex": [SEXES[sex_code(sex)]] * n, "age_days": age.days.tolist()}
    if age.gestation_days.any():
        data["gestational_age_days"] = [int(g) or None for g in age.gestation_days]
    if age.birth_days is not None:
        born = np.broadcast_to(age.birth_days, age.days.shape)
        data["birth_date"] = born.astype("datetime64[D]")
        data["measured_on"] = (born + age.days).astype("datetime64[D]")
    for name, words in (("length_position", position), ("oedema", oedema)):
        if words is not None:
            data[name] = [words] * n if isinstance(words, (str, bool)) else list(words)
    given = {name: value for name, value in measures.items() if value is not None}
    for measure, value in given.items():
        if measure not in CHARTED:
            raise InputError("measure", measure, f"accepted: {', '.join(CHARTED)}")
        figures = _figures(value, measure)
        if len(figures) != n:
            raise InputError(measure, count(len(figures), "value"), f"one for each age ({n})")
        data[f"{measure}_{MEASURES[measure]}"] = figures
    if not given:
        raise MissingError("measurement", f"give one of {', '.join(CHARTED)}, with its unit")
    return pl.DataFrame(data)


def _figures(value: Any, measure: str) -> Floats:
    """Typed values; an empty one is missing, one that cannot be used is refused."""
    unit = MEASURES[measure]
    if isinstance(value, (list, tuple)):
        texts = [None if is_missing(one) else one for one in value]
        found = [math.nan if t is None else figures_of(t, unit, measure)[0][0] for t in texts]
        return np.array(found, dtype=np.float64)
    return figures_of(value, unit, measure)[0]
