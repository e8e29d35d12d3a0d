"""The result of preparing a dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from neocalc.dose.amounts import Amounts
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import COMPUTED, Figure
from neocalc.dose.persons import Override, SecondCheck
from neocalc.dose.sites import Site
from neocalc.dose.stops import SOFT, Check
from neocalc.reading.units import quantity

if TYPE_CHECKING:
    import pint

    from neocalc.trials import Arm


class Request(NamedTuple):
    """What was asked for: inputs, limits, arm, override, second check and the unit's defaults."""

    inputs: DoseInputs
    limits: Limits
    arm: Arm | None
    override: Override | None
    second: SecondCheck | None = None
    site: Site | None = None


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
        vehicle, flush = self.inputs.vehicle_volume, self.inputs.flush_volume
        nothing = [] if vehicle else ["infused volume", "final concentration"]
        nothing += [] if vehicle or flush else ["total volume", "total volume per kg"]
        found = [
            ("cells", self.amounts.cells, "cell", 1),
            ("volume", self.amounts.volume, "mL", COMPUTED),
            ("syringe volume", self.amounts.syringe_volume, "mL", None),
            ("rounding error", self.amounts.rounding_error, "fraction", 4),
            ("draw-up volume", self.amounts.draw_volume, "mL", COMPUTED),
            ("volume per kg", self.amounts.volume_per_kg, "mL/kg", COMPUTED),
            ("vials", self.amounts.vials, "vial", None),
            ("infused volume", self.amounts.infused_volume, "mL", COMPUTED),
            ("duration", self.amounts.duration, "h", COMPUTED),
            ("rate", self.amounts.rate, "mL/h", COMPUTED),
            ("rate per kg", self.amounts.rate_per_kg, "mL/kg/h", COMPUTED),
            ("speed of cells", self.amounts.cell_rate, "cell/kg/min", COMPUTED),
            ("pump rate", self.amounts.pump_rate, "mL/h", None),
            ("pump duration", self.amounts.pump_duration, "h", COMPUTED),
            ("final concentration", self.amounts.final_concentration, "cell/mL", COMPUTED),
            ("total volume", self.amounts.total_volume, "mL", COMPUTED),
            ("total volume per kg", self.amounts.total_volume_per_kg, "mL/kg", COMPUTED),
            ("DMSO per kg", self.amounts.dmso_per_kg, "g/kg", 4),
            ("delivered dose", self.amounts.delivered, "cell/kg", COMPUTED),
        ]
        return {
            label: Figure(value, unit, digits)
            for label, value, unit, digits in found
            if value is not None and label not in nothing
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
        """The dose in readable lines: what to do, the checks, and the working.

        Examples
        --------
        >>> from neocalc.dose import prepare
        >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
        ...                viable_concentration="2 million cells/mL", graduation="0.1 mL")
        >>> plan.describe().splitlines()[1].split()
        ['|', 'GIVE', '1.2', 'mL', '|']
        """
        from neocalc.dose.answer import describe  # it reads a plan

        return describe(self)


def _quantity(value: float | None, unit: str) -> pint.Quantity[Any] | None:
    return None if value is None else quantity(value, unit)
