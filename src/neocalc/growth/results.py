"""What the Python calls answer: plain values for one child, arrays for many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from neocalc.errors import STATUSES, StatusArray, status_words


class Result:
    """An answer of one child or of many, with a status for each."""

    def __init__(self, status: StatusArray, *, single: bool) -> None:
        self.single = single
        self._status = status

    @cached_property
    def status(self) -> Any:
        """The status word."""
        return STATUSES[self._status[0]] if self.single else status_words(self._status)

    def _one(self, column: Any) -> Any:
        """Figures: the only one as a plain value, or the column."""
        return column[0].item() if self.single else column

    def _words(self, words: Sequence[str], codes: Any) -> Any:
        """The word of each code: the only one, or an array of them."""
        return words[int(codes[0])] if self.single else np.array(words, dtype=object)[codes]
