"""How a figure is judged by its limits: the protocol's, the usual one, and none at all.

A limit that is stated is a hard stop when it is passed, and when it cannot be checked. A usual
limit is a soft stop. A stated limit replaces the usual limit of the same figure on the same side,
and no other, when it is the protocol's own or is tighter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure, spoken
from neocalc.dose.stops import HARD, LACKS_INPUT, LACKS_LIMIT, NOT_MADE, PASSED, SOFT, Check, above


class Side(NamedTuple):
    """One side on which a figure is limited.

    Attributes
    ----------
    stated, usual : Figure or None
        What is stated, and what is usual where that still holds.
    least : bool
        Whether these are the smallest allowed, not the largest.
    soft : bool
        Whether passing the stated limit is a soft stop.
    why : str
        Where the usual limit comes from, as a clause.
    """

    stated: Figure | None
    usual: Figure | None = None
    least: bool = False
    soft: bool = False
    why: str = ""

    def beyond(self, value: Figure, limit: Figure) -> bool:
        """Whether a figure is beyond a limit of this side."""
        larger, smaller = (limit, value) if self.least else (value, limit)
        return bool(above(larger.value, smaller.value))

    def words(self, limit: Figure) -> str:
        """What a figure within a limit is: "at most 2 mL/kg"."""
        return f"at {'least' if self.least else 'most'} {spoken(limit)}"

    def passed(self, limit: Figure) -> str:
        """What a figure beyond a limit is: "more than 2 mL/kg"."""
        return f"{'less' if self.least else 'more'} than {spoken(limit)}"


def side(
    limits: Limits, stated: str, usual: str | None = None, *, least: bool = False,
    soft: bool = False, why: str = "",
) -> Side:  # fmt: skip
    """One side of a figure by the names of its limits.

    Examples
    --------
    >>> limits = Limits(max_volume_per_kg="50 mL/kg")
    >>> str(side(limits, "max_volume_per_kg", "usual_volume_per_kg").usual)
    '10 mL/kg'
    >>> limits = Limits(max_volume_per_kg="50 mL/kg", own=("max_volume_per_kg",))
    >>> side(limits, "max_volume_per_kg", "usual_volume_per_kg").usual is None
    True
    """
    limit, used = limits[stated], None if usual is None else limits[usual]
    one = Side(limit, used, least, soft, why)
    if limit is not None and used is not None:
        looser = one.beyond(limit, used)
        if stated in limits.own or not looser:
            return one._replace(usual=None)
    return one


def judged(
    name: str,
    value: Figure | None,
    sides: Sequence[Side],
    missing: str,
    *,
    derived: bool = False,
) -> Check:
    """A figure by its limits.

    Parameters
    ----------
    name : str
        Of the check.
    value : Figure or None
        What is judged; None where it is not known.
    sides : sequence of Side
        On which it is limited.
    missing : str
        What is missing where it is not known, as a clause.
    derived : bool, default False
        Whether the value is a result: then no message holds it.
    """
    stated = [one for one in sides if one.stated is not None]
    limit = " and ".join(one.words(one.stated) for one in stated if one.stated is not None)
    shown: Figure | str | None = stated[0].stated if len(stated) == 1 else limit or None
    if value is None:
        if stated:
            said = f"the limit ({limit}) cannot be checked: {missing}"
            return Check(name, HARD, said, shown, None, derived)
        return Check(name, NOT_MADE, missing, None, None, derived, LACKS_LIMIT)
    what = "" if derived else f"{value} is "
    for one in stated:
        assert one.stated is not None
        if one.beyond(value, one.stated):
            outcome = SOFT if one.soft else HARD
            return Check(name, outcome, what + one.passed(one.stated), one.stated, value, derived)
    for one in sides:
        if one.usual is not None and one.beyond(value, one.usual):
            why = f" ({one.why})" if one.why else ""
            said = f"{what}{one.passed(one.usual)}, the usual limit{why}; {_unstated(one)}"
            return Check(name, SOFT, said, one.usual, value, derived)
    if stated:
        return Check(name, PASSED, what + limit, shown, value, derived)
    return Check(name, NOT_MADE, "the protocol states no limit", None, value, derived, LACKS_LIMIT)


def _unstated(one: Side) -> str:
    """Why the usual limit holds."""
    if one.stated is None:
        return "the protocol states none"
    return f"{one.words(one.stated)} was typed, and is not in the protocol's file"


def lacking(name: str, message: str, value: Figure | str | None = None) -> Check:
    """A check that was not made, for want of an input that nobody typed."""
    return Check(name, NOT_MADE, message, None, value, False, LACKS_INPUT)
