"""The second person: who passes a soft stop and why, and who reads weight and count again.

References
----------
Institute for Safe Medication Practices. Independent double checks: two people work apart from each
other, and neither sees the other's figures first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from neocalc.dose.bounds import lacking
from neocalc.dose.figures import fraction, metric_weight, one_figure
from neocalc.dose.inputs import MOMENTS, TEXTS, DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LAST_BITS, PASSED, Check
from neocalc.dose.vials import read_vials
from neocalc.errors import InputError, MissingError

if TYPE_CHECKING:
    from neocalc.trials import Arm

_INITIALS: Final = re.compile(r"[^\W\d_]{2,5}")
_WORD: Final = re.compile(r"[^\W\d_]+")
_REASON: Final = re.compile(r"[^\W\d_]{2,}")
WORDS: Final = 2
"""A reason has at least so many different words."""
SEEN: Final = 6
"""Characters of the code of soft stops."""
SECOND: Final = {
    "weight": "kg",
    "concentration": "cell/mL",
    "viable_concentration": "cell/mL",
    "viability": "fraction",
    "cells_per_vial": "cell/vial",
    "viable_cells_per_vial": "cell/vial",
}
"""What a second person can read again, with its canonical unit."""


@dataclass(frozen=True)
class Override:
    """Why soft stops are passed, and who else has looked at them.

    Parameters
    ----------
    reason : str
        In words, at least two.
    second_person : str
        Initials of a second person, two to five letters; not those of `prepared_by`, which is
        needed too.
    seen : str
        The code of the stops, which their refusal says: nobody passes a stop before it was seen,
        and a code passes the stops of one dose with these figures only.

    Raises
    ------
    InputError
        Without a reason in words or without initials.

    Examples
    --------
    >>> Override(reason="weight confirmed twice", second_person="A.B.", seen="K7F2QA")
    Override(reason='weight confirmed twice', second_person='AB', seen='K7F2QA')
    """

    reason: str
    second_person: str
    seen: str = ""

    def __post_init__(self) -> None:
        reason = self.reason
        words = set(_REASON.findall(reason.casefold())) if isinstance(reason, str) else ()
        if len(words) < WORDS:
            raise InputError("reason", reason, "a reason in words, such as: weighed twice")
        if not reason.isprintable():
            raise InputError("reason", reason, "a text of one line")
        if not isinstance(self.seen, str):
            raise InputError("seen", self.seen, "the code of the stops, as their refusal says it")
        object.__setattr__(self, "second_person", initials(self.second_person, "second_person"))
        object.__setattr__(self, "seen", self.seen.strip().upper())


@dataclass(frozen=True)
class SecondCheck:
    """What a second person read from the scale and the certificate, without the first's figures.

    Parameters
    ----------
    person : str
        Initials, two to five letters; not those of `prepared_by`, which is needed too.
    weight : str or pint.Quantity
        As the second person read it [kg] or [g].
    concentration, viable_concentration, viability : optional
        As for `neocalc.dose.prepare`, read again.
    cells_per_vial, viable_cells_per_vial, vials : optional
        The same.

    Raises
    ------
    InputError
        For a figure without its unit, or initials that are none.

    Examples
    --------
    >>> SecondCheck("AB", "2350 g", viability="92%").figures["weight"]
    Figure(value=2.35, unit='kg', digits=None)
    """

    person: str
    weight: Any
    concentration: Any = None
    viable_concentration: Any = None
    viability: Any = None
    cells_per_vial: Any = None
    viable_cells_per_vial: Any = None
    vials: Any = None
    figures: Mapping[str, Figure] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "person", initials(self.person, "person"))
        figures = {}
        for name, unit in SECOND.items():
            value = getattr(self, name)
            if value is None:
                continue
            if name == "weight":
                read = metric_weight(value, name)
            elif unit == "fraction":
                read = fraction(value, name)
            else:
                read = one_figure(value, unit, name)
            figures[name] = Figure(read, unit)
        if "weight" not in figures:
            raise MissingError("weight", "the weight as the second person read it, with its unit")
        object.__setattr__(self, "figures", figures)
        if self.vials is not None:
            object.__setattr__(self, "vials", read_vials(self.vials))


def initials(value: Any, argument: str) -> str:
    """Initials as letters alone: "A.B." and "A. B." are "AB"."""
    plain = re.sub(r"[.\s]", "", value) if isinstance(value, str) else ""
    if not _INITIALS.fullmatch(plain):
        accepted = "the initials of a second person, two to five letters"
        raise InputError(argument, value, accepted)
    return plain


def refuse_same_person(second: str, prepared_by: str | None, argument: str) -> None:
    """Refuse a second person who is the first, and one beside a first who is not named.

    Raises
    ------
    InputError
        When it is the same person, as initials or as a name; MissingError without the first.

    Examples
    --------
    >>> refuse_same_person("AB", "Carla Diaz", "second_person")
    """
    if prepared_by is None:
        raise MissingError("prepared_by", "who prepares: the second person must be another")
    words = _WORD.findall(_plain(prepared_by))
    if _plain(second) in {*words, "".join(words), "".join(word[0] for word in words)}:
        raise InputError(argument, second, "another person than the one who prepares")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def second_check(inputs: DoseInputs, second: SecondCheck | None) -> Check:
    """Whether a second person read the same weight and count; which differs, never by how much."""
    name = "second check"
    if second is None:
        return lacking(name, "no second person has typed weight and count")
    asked = [each for each in SECOND if each in inputs.figures]
    said = [each.replace("_", " ") for each in asked]
    said += ["vials"] if inputs.vials is not None else []
    missing = [each for each in asked if each not in second.figures]
    missing += ["vials"] if inputs.vials is not None and second.vials is None else []
    if missing:
        shown = ", ".join(each.replace("_", " ") for each in missing)
        return Check(name, HARD, f"the second person ({second.person}) typed no {shown}")
    others = [each for each in second.figures if each not in asked]
    others += ["vials"] if second.vials is not None and second.vials != inputs.vials else []
    wrong = others + [
        each
        for each in asked
        if not math.isclose(
            inputs.figures[each].value, second.figures[each].value, rel_tol=LAST_BITS
        )
    ]
    if wrong:
        shown = ", ".join(each.replace("_", " ") for each in wrong)
        found = f"the second person ({second.person}) read another figure: {shown}"
        return Check(name, HARD, f"{found}. Both read it again, from the scale and the certificate")
    return Check(name, PASSED, f"{second.person} read the same {', '.join(said)}")


def seen_code(inputs: DoseInputs, limits: Limits, arm: Arm | None, soft: Sequence[Check]) -> str:
    """The code of soft stops: another for another dose, other figures, limits or stops."""
    age = inputs.age
    parts = [
        sorted((name, figure.value) for name, figure in inputs.figures.items()),
        [str(getattr(inputs, name)) for name in MOMENTS],
        [
            getattr(inputs, name)
            for name in (*TEXTS, "counts", "sex", "weight_source")
            if name != "prepared_by"
        ],
        inputs.line_filter,
        [inputs.vials, inputs.split_syringes, inputs.planned_doses],
        None if age is None else [int(age.days[0]), int(age.gestation_days[0])],
        None if inputs.given is None else [[str(dose.on), dose.dose] for dose in inputs.given],
        [policy.describe(reference) for policy, reference in inputs.policies],
        [limits.counts, sorted((name, figure.value) for name, figure in limits.figures.items())],
        None if arm is None else [arm.label, arm.sha256],
        [(check.name, check.outcome) for check in soft],
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return base64.b32encode(digest).decode()[:SEEN]
