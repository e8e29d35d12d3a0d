"""One dose of one product for every row of a cohort table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from neocalc.dose.columns import DoseColumns, dose_columns
from neocalc.dose.figures import fraction, one_figure
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.protocol import dose_that_holds, limits_that_hold
from neocalc.errors import InputError, MissingError, StatusArray

if TYPE_CHECKING:
    from neocalc.trials import Arm

_UNITS: Final = {
    "dose": "cell/kg",
    "concentration": "cell/mL",
    "viable_concentration": "cell/mL",
    "viability": "fraction",
    "release_viability": "fraction",
}
_ROWS: Final = ("arm_column", "arm_word", "dosed_on", "every_row")


@dataclass(frozen=True)
class Dosing:
    """The dose and the product of a table, checked when it is made, before any row is read.

    Parameters
    ----------
    arm : Arm, optional
        The arm of a trial's protocol version, as `neocalc.trials.load(...).arm(...)`.
    dose : str or pint.Quantity, optional
        [cell/kg]; without it the arm's.
    concentration, viable_concentration, viability, release_viability : optional
        As for `neocalc.dose.prepare`; without a concentration there are cells and no volumes.
    limits : Limits, optional
        The protocol's; with an arm, those that its protocol does not state.
    arm_column, dosed_on : str, optional
        The columns of a table with the arm of each row and the day of its dose: a row has a dose
        when its arm is this one and `measured_on` is that day.
    arm_word : str, optional
        How the table calls this arm; by default as the trial does.
    every_row : bool, default False
        Instead of the two: whatever the arm and the day, for planning.

    Raises
    ------
    DoseRefused
        When the dose or the product would be stopped whatever the weight.
    InputError
        As for `neocalc.dose.prepare`.
    PolicyError
        When `limits` contradict the arm's protocol.

    Examples
    --------
    >>> import neocalc as nc
    >>> dosing = Dosing(arm=nc.trials.load("NCT03558334").arm("A"), concentration="5e6 cells/mL",
    ...                 viability="92%")
    >>> dosing.columns([2.35], z=[-0.93]).cells.tolist()
    [2350000.0]
    """

    arm: Arm | None = None
    dose: Any = None
    concentration: Any = None
    viable_concentration: Any = None
    viability: Any = None
    release_viability: Any = None
    limits: Limits | None = None
    arm_column: str | None = None
    arm_word: str | None = None
    dosed_on: str | None = None
    every_row: bool = False

    def __post_init__(self) -> None:
        limits = limits_that_hold(self.limits, self.arm)
        object.__setattr__(self, "limits", limits)
        object.__setattr__(self, "dose", dose_that_holds(self.dose, self.arm))
        if self.dose is None:
            raise MissingError("dose", "give the dose per body weight with its unit, or an arm")
        for name, unit in _UNITS.items():
            value = getattr(self, name)
            if value is not None:  # as a Figure: it can be sent to another process
                read = fraction if unit == "fraction" else _of(unit)
                object.__setattr__(self, name, Figure(read(value, name), unit))
        for name in ("arm_column", "arm_word", "dosed_on"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise InputError(name, value, "a text")
        if self.arm_word is not None and self.arm_column is None:
            raise MissingError("arm_column", "arm_word is how this column calls the arm")
        if not isinstance(self.every_row, bool):
            raise InputError("every_row", self.every_row, "True or False")
        strengths = self.concentration, self.viable_concentration
        if self.viability is not None and strengths == (None, None):
            raise MissingError("concentration", "viability needs the concentration of all cells")
        self.columns([])

    def columns(
        self,
        weight_kg: Any,
        z: Any = None,
        status: StatusArray | None = None,
        stops: StatusArray | None = None,
    ) -> DoseColumns:
        """Cells, volume and status of each row; arguments as of `neocalc.dose.dose_columns`."""
        given = {name: getattr(self, name) for name in _UNITS}
        product = {n: None if f is None else f.quantity for n, f in given.items()}
        return dose_columns(
            weight_kg, **product, z=z, status=status, stops=stops, limits=self.limits
        )

    def describe(self) -> str:
        """The dose, the protocol and the product in one line.

        >>> Dosing(dose="1 million cells/kg", viable_concentration="2e6 cells/mL").describe()
        '1 million viable cells/kg, no trial named, viable concentration 2 million cells/mL'
        """
        assert self.limits is not None
        said = [
            str(self.dose).replace(" cells", f" {self.limits.counts} cells"),
            "no trial named" if self.arm is None else self.arm.label,
        ]
        product = {name: getattr(self, name) for name in _UNITS if name != "dose"}
        said += [f"{n.replace('_', ' ')} {f}" for n, f in product.items() if f is not None]
        return ", ".join(said)

    def record(self) -> dict[str, Any]:
        """What the record beside a scored file says of the dose, as plain values."""
        assert self.limits is not None
        names = ("trial", "version", "arm", "origin", "sha256")
        definition = dict.fromkeys(names) if self.arm is None else self.arm.definition
        rows = {name: getattr(self, name) for name in _ROWS}
        return {**definition, "counts": self.limits.counts, **rows} | {
            name: None if figure is None else {"value": figure.value, "unit": figure.unit}
            for name, figure in ((name, getattr(self, name)) for name in _UNITS)
        }


def _of(unit: str) -> Any:
    return lambda value, name: one_figure(value, unit, name)
