"""What is imported once, for seconds, in the process from which each study's own is forked?"""

import sys
from importlib import import_module

# jsonschema compiles a grammar of addresses with it (0.8 s) which no notebook needs
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

for _name in (
    "kamlab.studies.execute",
    "kamlab.studies.page",
    "kamlab.studies.checks",
    "IPython.lib.lexers",  # nbconvert imports it when it draws code
    "psutil",
):
    import_module(_name)
