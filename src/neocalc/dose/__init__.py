"""From a dose per body weight to a syringe: amounts, with every check beside them.

A hard stop gives no number: `neocalc.DoseRefused` carries the checks alone. A soft stop gives one
only with a recorded reason and a second person's initials.

References
----------
Methods and limits are those of the protocol; the formulas are in `neocalc.dose.formulas`, each
check in `neocalc.dose.checks` and `neocalc.dose.weight`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neocalc.dose.amounts import check_complete, work_out
from neocalc.dose.checks import derived_checks, input_checks
from neocalc.dose.columns import DoseColumns, dose_columns
from neocalc.dose.dosing import Dosing
from neocalc.dose.inputs import read_inputs
from neocalc.dose.limits import Limits
from neocalc.dose.persons import Override, SecondCheck, refuse_same_person, seen_code
from neocalc.dose.plan import Plan, Request
from neocalc.dose.protocol import banded, counting, dose_of, limits_that_hold, require_dose
from neocalc.dose.sites import Site, read_site
from neocalc.dose.stops import HARD, SOFT, Check, every_check
from neocalc.errors import DoseRefused, InputError

if TYPE_CHECKING:
    from neocalc.ages.age import Age
    from neocalc.ages.policy import Policy
    from neocalc.trials import Arm

__all__ = [
    "Check",
    "DoseColumns",
    "Dosing",
    "Limits",
    "Override",
    "Plan",
    "SecondCheck",
    "Site",
    "dose_columns",
    "prepare",
    "read_site",
]


def prepare(
    *,
    weight: Any,
    dose: Any = None,
    counts: str | None = None,
    arm: Arm | None = None,
    concentration: Any = None,
    viable_concentration: Any = None,
    viability: Any = None,
    release_viability: Any = None,
    cells_per_vial: Any = None,
    viable_cells_per_vial: Any = None,
    recovery: Any = None,
    vials: Any = None,
    diluent_volume: Any = None,
    vehicle: str | None = None,
    vehicle_volume: Any = None,
    flush_volume: Any = None,
    dmso: Any = None,
    split_syringes: Any = None,
    pump_step: Any = None,
    graduation: Any = None,
    syringe_capacity: Any = None,
    dead_volume: Any = None,
    duration: Any = None,
    rate: Any = None,
    on: Any = None,
    expires: Any = None,
    thawed_on: Any = None,
    line_filter: Any = None,
    enrolled_on: Any = None,
    weighed_on: Any = None,
    weight_source: str | None = None,
    last_weight: Any = None,
    last_weighed_on: Any = None,
    doses_given: Any = None,
    planned_doses: Any = None,
    sex: str | None = None,
    age: Age | None = None,
    policy: Policy | None = None,
    reference: str | None = None,
    limits: Limits | None = None,
    override: Override | None = None,
    second_check: SecondCheck | None = None,
    subject: str | None = None,
    identifier: str | None = None,
    prepared_by: str | None = None,
    lot: str | None = None,
    donor: str | None = None,
    gate: str | None = None,
    site: Site | None = None,
) -> Plan:
    """Prepare a dose for one infant: cells, volume, vials, rate, and every check.

    Values with a unit are texts or quantities; a bare number is refused.

    Parameters
    ----------
    weight : str or pint.Quantity
        The dosing weight [kg] or [g]; pounds are refused.
    dose : str or pint.Quantity, optional
        [cell/kg]; it counts viable cells unless the limits say total. Without it the arm's.
    counts : str, optional
        "viable" or "total": what the dose counts, where the protocol does not state it. Without
        either it is taken to count viable cells, and that is said.
    arm : Arm, optional
        The arm of a trial's protocol version, as `neocalc.trials.load(...).arm(...)`.
    concentration : str or pint.Quantity, optional
        Of all cells after thaw and wash [cell/mL]; with `viability`.
    viable_concentration : str or pint.Quantity, optional
        Of viable cells [cell/mL]; instead of `concentration`, and without `viability`.
    viability : float, str or pint.Quantity, optional
        Viable fraction, above 0 and up to 1, or a percentage such as "92%" [fraction].
    release_viability : float, str or pint.Quantity, optional
        For the check against the specification alone, where no viability is applied [fraction].
    cells_per_vial, recovery : optional
        All cells in a vial at freezing [cell/vial], and the share recovered after thaw [fraction].
    viable_cells_per_vial : str or pint.Quantity, optional
        Viable cells that a vial yields after thaw [cell/vial]; instead of the two.
    vials, diluent_volume : optional
        Vials that are pooled after thaw, each as "12 million cells, 92%, 1 mL", and the volume that
        is added to them [mL]; instead of a concentration.
    vehicle, vehicle_volume, flush_volume : optional
        With what the dose is diluted in the syringe, how much of it, and the flush [mL].
    dmso : float, str or pint.Quantity, optional
        Share of dimethyl sulfoxide in the product, by volume [fraction].
    graduation, syringe_capacity, dead_volume : str or pint.Quantity, optional
        Distance of two lines of the syringe, what it holds, and what is left behind [mL].
    split_syringes : bool, optional
        Whether more syringes than one may be filled.
    duration, rate, pump_step : str or pint.Quantity, optional
        Of the infusion, one of the first two [h], [mL/h], and the step of the pump [mL/h].
    on, expires, thawed_on : str, datetime.date or datetime.datetime, optional
        Of the administration, and the product's expiry and thaw. An age from dates is that on the
        day of the administration.
    line_filter : str or bool, optional
        Whether a filter is in the line of the infusion: "yes" or "no".
    enrolled_on : optional
        The day of enrolment, on which eligibility is judged; without it the day of the dose.
    weighed_on, weight_source : optional
        When the infant was weighed; "measured", "estimated", "stated" or a LOINC code of these.
    last_weight, last_weighed_on : optional
        The last known weight before [kg], [g], and its date.
    doses_given : list of (date, dose), optional
        Doses already given; [] for none. Without it what depends on them is not checked.
    planned_doses : int, optional
        Of the whole course, this one included.
    sex, age, policy, reference : optional
        For the weight's z-score, as for `neocalc.zscore`; `age` is a `neocalc.Age`.
    limits : Limits, optional
        The protocol's limits; with an arm, those that its protocol does not state.
    override : Override, optional
        Passes the soft stops of whose refusal it has the code; a hard stop cannot be passed.
    second_check : SecondCheck, optional
        What a second person read; another figure than the first person's is a hard stop.
    subject, identifier, prepared_by : str, optional
        Two identifiers of the infant, and who prepares: repeated in everything printed and
        recorded. With an override or a second check who prepares is needed.
    lot, donor : str, optional
        Of the product, repeated in the same way.
    gate : str, optional
        Who confirmed, and when, that the arm is open, where the protocol states such a gate.
    site : Site, optional
        The unit's defaults, by `neocalc.dose.read_site`; what is given goes before them.

    Returns
    -------
    Plan
        Amounts as quantities, the checks, and `describe()`.

    Raises
    ------
    DoseRefused
        A hard stop, or a soft stop without an override: `checks` lists them; there is no dose.
    InputError
        An input without a unit, of another dimension, missing, or that contradicts another.
    PolicyError
        When `limits` contradict the arm's protocol.

    Examples
    --------
    >>> plan = prepare(weight="850 g", dose="5 million cells/kg", viability="92%",
    ...                concentration="5e6 cells/mL", graduation="0.01 mL")
    >>> plan.cells.magnitude, round(plan.volume.magnitude, 6), plan.syringe_volume.magnitude
    (4250000.0, 0.923913, 0.92)
    """
    if override is not None and not isinstance(override, Override):
        raise InputError("override", override, "a neocalc.dose.Override(reason, second_person)")
    if second_check is not None and not isinstance(second_check, SecondCheck):
        raise InputError("second_check", second_check, "a neocalc.dose.SecondCheck(person, weight)")
    limits = limits_that_hold(limits, arm)
    if site is not None and not isinstance(site, Site):
        raise InputError("site", site, "what neocalc.dose.read_site returns")
    inputs = read_inputs(
        _with_site(site, {
            "weight": weight, "dose": dose, "counts": counts, "concentration": concentration,
            "viable_concentration": viable_concentration, "viability": viability,
            "release_viability": release_viability, "cells_per_vial": cells_per_vial,
            "viable_cells_per_vial": viable_cells_per_vial, "recovery": recovery,
            "vials": vials, "diluent_volume": diluent_volume, "vehicle": vehicle,
            "vehicle_volume": vehicle_volume, "flush_volume": flush_volume, "dmso": dmso,
            "split_syringes": split_syringes, "pump_step": pump_step,
            "planned_doses": planned_doses,
            "graduation": graduation, "syringe_capacity": syringe_capacity,
            "dead_volume": dead_volume, "duration": duration, "rate": rate,
            "on": on, "expires": expires, "thawed_on": thawed_on, "line_filter": line_filter,
            "enrolled_on": enrolled_on, "weighed_on": weighed_on,
            "weight_source": weight_source, "last_weight": last_weight,
            "last_weighed_on": last_weighed_on, "doses_given": doses_given, "sex": sex,
            "age": age, "policy": policy, "reference": reference, "subject": subject,
            "identifier": identifier, "prepared_by": prepared_by, "lot": lot, "donor": donor,
            "gate": gate,
        }),
        dose_of(arm, weight),
    )  # fmt: skip
    limits, said = counting(limits, arm, inputs.counts)
    limits = banded(limits, arm, inputs.weight)
    stated = None if arm is None else arm.conditions.weight_policy()
    fixed = None if stated is None else (stated[0].of_infants, stated[1])
    inputs = replace(inputs, counts=said, fixed=fixed)
    if override is not None:
        refuse_same_person(override.second_person, inputs.prepared_by, "second_person")
    if second_check is not None:
        refuse_same_person(second_check.person, inputs.prepared_by, "second_check")
    return _prepare(Request(inputs, limits, arm, override, second_check, site))


def _with_site(site: Site | None, given: dict[str, Any]) -> dict[str, Any]:
    return given if site is None else site.filled(given)


def _prepare(request: Request) -> Plan:
    """Checks of the inputs, then the amounts, then the checks of the amounts."""
    inputs, limits, arm, override, second, site = request
    require_dose(arm, request)
    check_complete(inputs, limits.counts)
    checks = input_checks(inputs, limits, second, arm, () if site is None else site.required)
    if any(check.outcome == HARD for check in checks):
        raise _refusal(every_check(checks), request)
    amounts = work_out(inputs, limits)
    checks += derived_checks(inputs, limits, amounts)
    soft = [check for check in checks if check.outcome == SOFT]
    code = seen_code(inputs, limits, arm, soft) if soft else ""
    passed = override is not None and override.seen == code
    if any(check.outcome == HARD for check in checks) or (soft and not passed):
        raise _refusal(checks, request, code)
    return Plan(request if soft else request._replace(override=None), tuple(checks), amounts)


def _refusal(checks: list[Check], request: Request, code: str = "") -> DoseRefused:
    """The refusal: what stops, and no value from which a dose could be read.

    `code` is that of the soft stops: who has seen it has seen them.
    """
    hard = any(check.outcome == HARD for check in checks)
    stops = [check for check in checks if check.outcome == (HARD if hard else SOFT)]
    said = "; ".join(f"{check.name}: {check.message}" for check in stops)
    text = f"no dose: {HARD if hard else SOFT}: {said}"
    if not hard:
        typed = request.override.seen if request.override is not None else ""
        text += f". {typed} is not the code of these stops" if typed else ""
        text += (
            ". To go on, type a reason, who prepares, the initials of a second person, and the code"
            f" of these stops: {code}"
        )
    held = tuple(check.withheld() for check in checks)
    return DoseRefused(text, held, request, seen="" if hard else code)
