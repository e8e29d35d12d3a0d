"""Tables of visits from the layouts that trials export, and the way back.

Each `from_...` takes a table as it was exported and gives one row a visit, with the canonical
columns (docs/columns.md), in the kind of table that was given; nothing is scored and nothing is
guessed. `restore` puts what scoring added into the table that it came from.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from neocalc.visits.back import restore, to_long, to_wide
    from neocalc.visits.fhir import from_fhir
    from neocalc.visits.fhir_out import to_fhir
    from neocalc.visits.long import from_long
    from neocalc.visits.redcap import from_redcap
    from neocalc.visits.sdtm import from_sdtm, read_domain
    from neocalc.visits.wide import from_wide

__all__ = [
    "from_fhir",
    "from_long",
    "from_redcap",
    "from_sdtm",
    "from_wide",
    "read_domain",
    "restore",
    "to_fhir",
    "to_long",
    "to_wide",
]

_HOMES: Final = {
    "from_fhir": "fhir",
    "from_long": "long",
    "from_redcap": "redcap",
    "from_sdtm": "sdtm",
    "from_wide": "wide",
    "read_domain": "sdtm",
    "restore": "back",
    "to_fhir": "fhir_out",
    "to_long": "back",
    "to_wide": "back",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'neocalc.visits' has no attribute {name!r}")
    value = getattr(import_module(f"neocalc.visits.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
