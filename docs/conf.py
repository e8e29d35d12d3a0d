"""The documentation site: python -m sphinx -W -b html docs build/docs. It needs no network."""

from __future__ import annotations

import neocalc

project = "neocalc"
author = "The neocalc developers"
version = release = neocalc.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]

myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings say more, with units
numpydoc_show_class_members = False  # each class is shown with its members already

html_theme = "furo"
html_title = f"neocalc {release}"
html_show_copyright = False
html_copy_source = False
