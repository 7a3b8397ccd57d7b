"""How the documentation is built: `make docs`, without asking any other host."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import build_reference  # noqa: E402

import kamlab  # noqa: E402

project = "kamlab"
author = "The kamlab developers"
version = release = kamlab.__version__
extensions = ["myst_parser"]
exclude_patterns = ["README.md"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "kamlab"
html_static_path = []
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"source_repository": ""}
# two studies may publish a table of one name
suppress_warnings = []

build_reference.write(HERE / "reference", Path(os.environ.get("KAMLAB_REPORTS", "reports")))
