"""Parameters and their units: which row of a long table is which measure, and in what.

A parameter is one of ours by the name of the measure (`weight`, `Head circumference`, `length_cm`)
or because it was stated. One that only looks like a measure is refused until it is stated or left
out: an unread weight would go unnoticed. A unit is that of the row, else the one that was stated
for the measure or stands in the name of the parameter; without any there is no figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.cohort.canonical import MEASURE_COLUMNS
from neocalc.cohort.lookalikes import KINDS, look
from neocalc.errors import FileError, InputError, shown
from neocalc.reading.dimensions import convert, find_unit
from neocalc.visits.frames import words_of

if TYPE_CHECKING:
    import polars as pl

OWN: Final = {
    **{measure: measure for measure in MEASURE_COLUMNS},
    "height": "length",
}
"""Names of parameters that are ours without being stated."""
IMPERIAL: Final = {
    "lb": (0.45359237, "kg"), "oz": (0.028349523125, "kg"), "in": (2.54, "cm"), "ft": (30.48, "cm"),
}  # fmt: skip
"""Units that are converted only where that is asked for, with the exact factor of each.

The avoirdupois pound and the international inch of 1959.
"""
_UNIT_WORDS: Final = {
    "kg": "kg", "kgs": "kg", "kilogram": "kg", "kilograms": "kg", "g": "g", "gm": "g", "gms": "g",
    "gram": "g", "grams": "g", "cm": "cm", "cms": "cm", "centimeter": "cm", "centimeters": "cm",
    "centimetre": "cm", "centimetres": "cm", "mm": "mm", "millimeter": "mm", "millimeters": "mm",
    "millimetre": "mm", "millimetres": "mm", "m": "m", "meter": "m", "metre": "m", "lb": "lb",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "[lb_av]": "lb", "oz": "oz", "ounce": "oz",
    "ounces": "oz", "[oz_av]": "oz", "in": "in", "inch": "in", "inches": "in", "[in_i]": "in",
    "ft": "ft", "feet": "ft", "foot": "ft", "[ft_i]": "ft",
}  # fmt: skip
_MASS: Final = {"kg", "g", "lb", "oz"}
_IN_NAME: Final = re.compile(r"(.+?)(?:[\s_]+|[\s_]*[(\[])(kg|g|cm|mm|m|lb|oz|in|ft)[)\]]?")


class Parameter(NamedTuple):
    """A parameter that is one of our measures, and the unit that its name states."""

    measure: str
    unit: str | None


def unit_word(text: str | None, measure: str) -> str | None:
    """The unit of a measure that a text names; None: it is none.

    >>> unit_word("KG", "weight"), unit_word("[in_i]", "length"), unit_word("cm", "weight")
    ('kg', 'in', None)
    """
    unit = _UNIT_WORDS.get((text or "").strip().lower())
    return unit if unit is not None and (unit in _MASS) == (measure == "weight") else None


def parameter_of(word: str) -> Parameter | None:
    """What a parameter is by its own name.

    >>> parameter_of("Head circumference")
    Parameter(measure='head_circumference', unit=None)
    >>> parameter_of("Weight (kg)"), parameter_of("WT")
    (Parameter(measure='weight', unit='kg'), None)
    """
    plain = _plain(word)
    if plain in OWN:
        return Parameter(OWN[plain], None)
    match = _IN_NAME.fullmatch(word.strip().lower())
    measure = None if match is None else OWN.get(_plain(match[1]))
    if match is None or measure is None or unit_word(match[2], measure) is None:
        return None
    return Parameter(measure, match[2])


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", "_", word.strip().lower()).strip("_")


class Parameters:
    """Which words of a column of parameters are which measures.

    Parameters
    ----------
    stated : dict, optional
        Measure, or canonical column, to the word or words: ``{"weight_g": "WT"}`` states the unit
        too.
    units : dict, optional
        Measure to the unit of its values where the rows do not say.
    ignore : iterable of str
        Parameters that look like ours and are left out on purpose.
    own : dict of str to str
        Words that are known without being stated, with their measures; by default our own names.
    """

    def __init__(
        self,
        stated: Any = None,
        units: Any = None,
        ignore: Iterable[str] = (),
        own: Mapping[str, str] | None = None,
    ) -> None:
        self._own = own
        self._stated: dict[str, Parameter] = {}
        self._ignored = {word.strip() for word in ignore}
        for name, words in words_of("parameters", stated).items():
            found = _stated_as(name)
            for word in words:
                self._stated[word.strip()] = found
        self._units = {}
        for name, words in words_of("units", units).items():
            unit = unit_word(words[0], name) if name in MEASURE_COLUMNS and words else None
            if unit is None:
                accepted = 'a dict of measure to unit, such as {"weight": "g"}'
                raise InputError("units", units, accepted)
            self._units[name] = unit

    def find(self, words: Iterable[str], where: str, said: str) -> dict[str, Parameter]:
        """The measure of each word that has one.

        `said`: how a parameter is stated, for messages.
        """
        found: dict[str, Parameter] = {}
        doubtful = []
        taken = {one.measure for one in self._stated.values()}
        for word in words:
            if word in self._ignored:
                continue
            one = self._stated.get(word) or self._known(word, taken)
            if one is not None:
                found[word] = one
            else:
                seems = look(word)
                if seems is not None and seems.kind in MEASURE_COLUMNS:
                    doubtful.append(f"{shown(word)} looks like {KINDS[seems.kind].said}")
        if doubtful:
            more = f" and {len(doubtful) - 5:,} more" if len(doubtful) > 5 else ""
            raise FileError(
                f"{where}: parameters that would not be read: {', '.join(doubtful[:5])}{more};"
                f" state it ({said}) or leave it out (ignore)"
            )
        if not found:
            raise FileError(
                f"{where}: no parameter is one of ours: {', '.join(MEASURE_COLUMNS)}; state which"
                f" word is which ({said})"
            )
        return found

    def _known(self, word: str, taken: set[str]) -> Parameter | None:
        """What a word is without being stated; a measure that was stated is that word alone."""
        if self._own is not None:
            measure = self._own.get(word.upper())
            one = None if measure is None else Parameter(measure, None)
        else:
            one = parameter_of(word)
        return None if one is None or one.measure in taken else one

    def unit(self, parameter: Parameter) -> str | None:
        """The unit of a row that states none."""
        return parameter.unit or self._units.get(parameter.measure)


def _stated_as(name: str) -> Parameter:
    """The measure of a canonical column or of its own name."""
    for measure, columns in MEASURE_COLUMNS.items():
        if name == measure:
            return Parameter(measure, None)
        if name in columns:
            return Parameter(measure, columns[name])
    accepted = ", ".join([*MEASURE_COLUMNS, *(c for cs in MEASURE_COLUMNS.values() for c in cs)])
    raise InputError("parameters", name, f"a measure or its column: {accepted}")


def column_for(measure: str, units: set[str]) -> tuple[str, str]:
    """The canonical column of a measure, and its unit: that of all figures where there is one."""
    columns = MEASURE_COLUMNS[measure]
    for name, unit in columns.items():
        if units == {unit} and unit not in IMPERIAL:
            return name, unit
    return next(iter(columns.items()))


def in_unit(values: pl.Series, unit: str, target: str, decimal: str = ".") -> pl.Series:
    """Figures in another unit: floats of a column of numbers, texts of a column of texts.

    What needs no conversion stays as it stands; so does a text that is no number, with its unit
    behind it, so that it is invalid and not one of another unit.
    """
    import polars as pl

    if unit == target:
        return values
    stated = unit
    text = values.dtype == pl.String
    plain = values.str.replace(",", ".", literal=True) if text and decimal == "," else values
    numbers = plain.cast(pl.Float64, strict=False)
    # By NumPy: a column of polars that is divided is multiplied by 1/1000, and 1640 g were
    # 1.6400000000000001 kg.
    figures = numbers.fill_null(float("nan")).to_numpy()
    if unit in IMPERIAL:
        factor, between = IMPERIAL[unit]
        figures, unit = figures * factor, between
    source, wanted = find_unit(unit), find_unit(target)
    assert source is not None and wanted is not None
    converted = pl.Series(values.name, convert(figures, source, wanted)).fill_nan(None)
    if not text:
        return converted
    written = converted.cast(pl.String)
    if decimal == ",":
        written = written.str.replace(".", ",", literal=True)
    return written.fill_null(values + f" {stated}")
