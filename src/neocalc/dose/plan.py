"""The result of preparing a dose, and what passes a soft stop."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.dose.amounts import Amounts
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import COMPUTED, Figure
from neocalc.dose.stops import DERIVED, INPUT, SOFT, Check
from neocalc.errors import InputError
from neocalc.units import quantity

if TYPE_CHECKING:
    import pint

    from neocalc.trials import Arm

_INITIALS: Final = re.compile(r"[^\W\d_]{2,5}")
_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Override:
    """Why a soft stop is passed, and who else has looked at it.

    Parameters
    ----------
    reason : str
        In words.
    second_person : str
        Initials of a second person, two to five letters; not those of `prepared_by`.
    stops : str or sequence of str, optional
        Names of the checks whose soft stops are passed; where there are several, each is named.

    Raises
    ------
    InputError
        Without a reason or without initials, or for a check that there is not.

    Examples
    --------
    >>> Override(reason="small for gestation, weight confirmed twice", second_person="AB")
    Override(reason='small for gestation, weight confirmed twice', second_person='AB', stops=())
    """

    reason: str
    second_person: str
    stops: str | Sequence[str] = ()

    def __post_init__(self) -> None:
        reason, initials = self.reason, self.second_person
        if not isinstance(reason, str) or sum(map(str.isalpha, reason)) < 3:
            raise InputError("reason", reason, "a reason in words: a soft stop needs one")
        if not reason.isprintable():
            raise InputError("reason", reason, "a text of one line")
        if not isinstance(initials, str) or not _INITIALS.fullmatch(initials.strip()):
            raise InputError(
                "second_person", initials, "the initials of a second person, two to five letters"
            )
        object.__setattr__(self, "second_person", initials.strip())
        object.__setattr__(self, "stops", _names(self.stops))

    def passes(self, soft: Sequence[Check]) -> bool:
        """Whether it passes these soft stops: each is named, or it is the only one.

        A reason for one stop, given before another was seen, does not pass that one.
        """
        return all(check.name in self.stops for check in soft) or (
            len(soft) == 1 and not self.stops
        )

    def by_the_same(self, prepared_by: str | None) -> bool:
        """Whether the initials are those of the one who prepares, as initials or as a name.

        Examples
        --------
        >>> override = Override("weighed twice", "CD")
        >>> [override.by_the_same(name) for name in ("c. d.", "Carla Diaz", "AB")]
        [True, True, False]
        """
        words = _WORD.findall(unicodedata.normalize("NFKC", prepared_by or "").casefold())
        written = {*words, "".join(words), "".join(word[0] for word in words)}
        return unicodedata.normalize("NFKC", self.second_person).casefold() in written


def _names(stops: Any) -> tuple[str, ...]:
    """Names of checks; one that there is not would be a slip of the pen."""
    names = stops if isinstance(stops, (list, tuple)) else [stops]
    known = (*INPUT, *DERIVED)
    for name in names:
        if name not in known:
            raise InputError("stops", name, f"accepted: {', '.join(known)}")
    return tuple(names)


class Request(NamedTuple):
    """What was asked for: the inputs, the limits, the arm and the override of soft stops."""

    inputs: DoseInputs
    limits: Limits
    arm: Arm | None
    override: Override | None


@dataclass(frozen=True, eq=False)
class Plan:
    """A dose that passed its checks, with everything it was computed from.

    Attributes
    ----------
    request : Request
        Inputs, limits, arm and override.
    checks : tuple of Check
        Every check, in one order, whether made or not.
    amounts : Amounts
        The results as plain floats in canonical units.
    """

    request: Request
    checks: tuple[Check, ...]
    amounts: Amounts

    @property
    def inputs(self) -> DoseInputs:
        """The inputs in canonical units, and each as it was given."""
        return self.request.inputs

    @property
    def limits(self) -> Limits:
        """The limits against which the dose was checked."""
        return self.request.limits

    @property
    def arm(self) -> Arm | None:
        """The arm, with its trial and protocol version."""
        return self.request.arm

    @property
    def override(self) -> Override | None:
        """Why soft stops were passed, where there are any."""
        return self.request.override

    @property
    def cells(self) -> pint.Quantity[Any]:
        """Cells of the dose, viable ones unless the protocol counts all [cell]."""
        return quantity(self.amounts.cells, "cell")

    @property
    def volume(self) -> pint.Quantity[Any] | None:
        """The volume that holds exactly the cells [mL]; None without a concentration."""
        return _quantity(self.amounts.volume, "mL")

    @property
    def syringe_volume(self) -> pint.Quantity[Any] | None:
        """The volume on the nearest line of the syringe [mL]; None without a graduation."""
        return _quantity(self.amounts.syringe_volume, "mL")

    @property
    def rounding_error(self) -> pint.Quantity[Any] | None:
        """Relative error of the syringe's volume [percent]; None without a graduation."""
        error = self.amounts.rounding_error
        return None if error is None else quantity(100 * error, "percent")

    @property
    def draw_volume(self) -> pint.Quantity[Any] | None:
        """Volume to draw up, with the dead volume [mL]; None where that is not given."""
        return _quantity(self.amounts.draw_volume, "mL")

    @property
    def volume_per_kg(self) -> pint.Quantity[Any] | None:
        """What is administered for each kilogram [mL/kg]; None without a concentration."""
        return _quantity(self.amounts.volume_per_kg, "mL/kg")

    @property
    def vials(self) -> int | None:
        """Vials to thaw; None where the content of a vial is not given."""
        return self.amounts.vials

    @property
    def rate(self) -> pint.Quantity[Any] | None:
        """Rate of the infusion [mL/h]; None without a duration or rate."""
        return _quantity(self.amounts.rate, "mL/h")

    @property
    def duration(self) -> pint.Quantity[Any] | None:
        """Duration of the infusion [h]; None without a duration or rate."""
        return _quantity(self.amounts.duration, "h")

    @property
    def delivered(self) -> pint.Quantity[Any] | None:
        """The reverse calculation: the dose in what is administered [cell/kg]."""
        return _quantity(self.amounts.delivered, "cell/kg")

    @property
    def soft_stops(self) -> tuple[Check, ...]:
        """The soft stops that the override passed."""
        return tuple(check for check in self.checks if check.outcome == SOFT)

    @property
    def results(self) -> dict[str, Figure]:
        """Every result by its label, in the order in which it is worked out."""
        unit = "cell" if self.amounts.vials is None else "vial"
        found = [
            ("cells", self.amounts.cells, "cell", 1),
            ("volume", self.amounts.volume, "mL", COMPUTED),
            ("syringe volume", self.amounts.syringe_volume, "mL", None),
            ("rounding error", self.amounts.rounding_error, "fraction", 4),
            ("draw-up volume", self.amounts.draw_volume, "mL", COMPUTED),
            ("volume per kg", self.amounts.volume_per_kg, "mL/kg", COMPUTED),
            ("vials", self.amounts.vials, unit, None),
            ("duration", self.amounts.duration, "h", COMPUTED),
            ("rate", self.amounts.rate, "mL/h", COMPUTED),
            ("rate per kg", self.amounts.rate_per_kg, "mL/kg/h", COMPUTED),
            ("speed of cells", self.amounts.cell_rate, "cell/kg/min", COMPUTED),
            ("delivered dose", self.amounts.delivered, "cell/kg", COMPUTED),
        ]
        return {
            label: Figure(value, unit, digits)
            for label, value, unit, digits in found
            if value is not None
        }

    @property
    def passed(self) -> str:
        """Which soft stops were passed, why, and who else looked; empty where there are none."""
        if self.override is None:
            return ""
        names = ", ".join(check.name for check in self.soft_stops)
        said = f"{self.override.reason}; second person {self.override.second_person}"
        return f"Soft stops passed ({names}): {said}"

    @property
    def loosened(self) -> str:
        """Which limits are looser than neocalc's defaults, and by whom; empty where none is."""
        found = "; ".join(map(str, self.limits.loosened()))
        return f"LOOSENED LIMITS: {found}" if found else ""

    def describe(self) -> str:
        """The dose, its amounts and its checks in readable lines.

        Examples
        --------
        >>> from neocalc.dose import prepare
        >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
        ...                viable_concentration="2 million cells/mL", graduation="0.1 mL")
        >>> print(plan.describe().split("Checks")[0])
        Dose            1 million viable cells/kg
        Weight          2.35 kg
        Cells           2,350,000 cells
        Volume          1.175 mL
        Syringe volume  1.2 mL
        Rounding error  2.128%
        Volume per kg   0.510638 mL/kg
        Delivered dose  1,021,277 cells/kg
        <BLANKLINE>
        <BLANKLINE>
        """
        dose = str(Figure(self.inputs.dose, "cell/kg"))
        rows = [
            *([] if self.inputs.subject is None else [("subject", self.inputs.subject)]),
            *([] if self.arm is None else [("protocol", self.arm.label)]),
            ("dose", dose.replace(" cells", f" {self.limits.counts} cells")),
            ("weight", str(Figure(self.inputs.weight, "kg"))),
            *((label, str(figure)) for label, figure in self.results.items()),
        ]
        width = max(len(label) for label, _ in rows)
        lines = [f"{label.capitalize():<{width}}  {text}" for label, text in rows]
        lines += ["", "Checks"] + [f"  {check}" for check in self.checks]
        lines += [self.passed] if self.passed else []
        lines += [self.loosened] if self.loosened else []
        return "\n".join(lines)


def _quantity(value: float | None, unit: str) -> pint.Quantity[Any] | None:
    return None if value is None else quantity(value, unit)
