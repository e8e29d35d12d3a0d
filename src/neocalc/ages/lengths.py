"""The WHO's rules of length: lying and standing, the 0.7 cm between them, and the age of each.

References
----------
WHO Child Growth Standards: methods and development, 2006 (ISBN 92 4 154693 X), ch. 7, and the
WHO's program anthro.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from neocalc.reading.units import Floats
from neocalc.reading.words import RECUMBENT, STANDING, Ints

HEIGHT_FROM: Final = 731
"""The WHO's tables are of recumbent length to day 730 and of standing height from day 731."""
STANDING_FROM: Final = 274
"""Under 9 months a recorded standing position is not believed: no adjustment (anthro)."""
LYING_IS_LONGER: Final = 0.7
"""Recumbent length exceeds standing height by 0.7 cm (WHO 2006, ch. 7)."""
HEIGHT_ABOVE: Final = 87.0
"""Without age and position, a child from 87 cm is taken as measured standing (WHO 2006)."""
POSITION_MATTERS: Final = (600, 900)
"""Corrected days between which `Policy.require_position` asks for the position."""


def adjusted_length(length: Floats, position: Ints | None, day: Ints) -> Floats:
    """Length or height as the WHO's table at that age takes it [cm].

    What nobody measures stays as it is: a length of 0 cm does not become one of 0.7 cm.
    """
    if position is None:
        return length
    return np.where(length > 0, length + length_adjustment(position, day), length)


def length_adjustment(position: Ints, day: Ints) -> Floats:
    """What makes a length that of the WHO's table at that age [cm].

    Standing before day 731: + 0.7 cm, but not before 9 months; recumbent from day 731: - 0.7 cm;
    unknown: nothing (WHO 2006, ch. 7, and the WHO's program anthro).
    """
    older = day >= HEIGHT_FROM
    standing = (position == STANDING) & ~older & (day >= STANDING_FROM)
    lying = (position == RECUMBENT) & older
    adjustment: Floats = standing * LYING_IS_LONGER - lying * LYING_IS_LONGER
    return adjustment
