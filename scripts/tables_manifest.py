"""Write the manifest of the tables anew, after a TOML file of theirs was changed on purpose.

Usage: python scripts/tables_manifest.py

neocalc refuses each TOML file of its tables that differs from the manifest, and a test fails when
the manifest is not that of the tables. What was changed, and why, belongs in the change itself.
"""

from __future__ import annotations

from neocalc.references.catalogue import tables_folder
from neocalc.references.shipped import MANIFEST, manifest_text


def main() -> None:
    """Write ``reference_tables/verification/manifest.toml``."""
    root = tables_folder()
    (root / MANIFEST).write_text(manifest_text(root), encoding="utf-8")
    print(f"Written: {root / MANIFEST}")


if __name__ == "__main__":
    main()
