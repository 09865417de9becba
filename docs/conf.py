"""Sphinx builds these pages: python -m sphinx -W --keep-going -b html docs docs/_build"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestrator_admin import __version__

project = "Orchestrator Admin"
author = "The Orchestrator Admin authors"
copyright = author
version = release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build", "screenshots"]
html_theme = "furo"
html_title = f"{project} {version}"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]
nitpicky = True
