"""What is imported once, for seconds, in the process from which each study's own is forked?

The runner adds the modules that its notebooks import (`kamlab.studies.discover.imports`).
"""

import os
import sys
from importlib import import_module
from pathlib import Path

# What takes long to import and no notebook needs: jsonschema compiles a grammar of addresses
# (0.8 s), a kernel has a debugger (0.4 s). The kernel forgets that they are kept out.
for _name in ("rfc3987_syntax", "debugpy"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]

# a kernel's charts go into the notebook; matplotlib looks at this when it is imported
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
for _name in (
    "kamlab.studies.execute",
    "kamlab.studies.page",
    "kamlab.studies.checks",
    "IPython.lib.lexers",  # nbconvert imports it when it draws code
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "psutil",
    "threadpoolctl",
):
    import_module(_name)

# drawing one page fills what the libraries keep: patterns, grammars, schemas
_code = import_module("nbformat").v4
_page = _code.new_notebook(cells=[_code.new_markdown_cell("# a"), _code.new_code_cell("a = 1")])
import_module("kamlab.studies.page").draw_page(
    _page,
    import_module("kamlab.studies.worker").Job(
        *("", "", "", "en", Path(), "", {}, Path(), Path(), None, 1),
    ),
)
import_module("nbformat").validate(_page)
