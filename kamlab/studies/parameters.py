"""Which parameters does a study take, and is what the user gave right?

A notebook states its parameters in one annotated cell tagged `parameters`:

    key_accounts: int = 20        # how many accounts the list holds [1..100000]
    worth: str = "gross_profit"   # what counts [sales|gross_profit]
    as_of: str = ""               # the day before which history is seen [date]

The comment explains; a closing bracket may hold a range `[low..high]` (either end may be left
out), the choices `[a|b]`, `[date]` or `[path]`. Everything is read from the text of the cell, so
that a wrong value is answered before a kernel or a heavy import starts.
"""

import ast
import datetime as dt
import io
import math
import re
import tokenize
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError

Value = str | int | float | bool
TYPES = ("str", "int", "float", "bool")
PATHS = frozenset({"data", "out", "published"})
DATES = frozenset({"as_of"})
# given by the runner itself, never with -p
RESERVED = ("data", "as_of", "out", "published")

_TRUE = frozenset({"true", "yes", "1", "on"})
_FALSE = frozenset({"false", "no", "0", "off"})
_BRACKET = re.compile(r"\s*\[([^\[\]]*)\]\s*$")
_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^@\s]+@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a study, as its notebook states it.

    Attributes
    ----------
    name : str
        Name of the variable in the parameters cell.
    kind : str
        One of `str`, `int`, `float`, `bool`, `date` (a text YYYY-MM-DD or empty) and `path`.
    default : str, int, float or bool
        Value in the notebook.
    about : str
        The comment without its bracket.
    low, high : float
        Allowed range, both ends included; infinite where open.
    choices : tuple of str
        Allowed texts; empty where anything goes.
    """

    name: str
    kind: str
    default: Value
    about: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """Say in words which values are allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = {
            "int": "a whole number",
            "float": "a number",
            "bool": "true or false",
            "date": "a date such as 2013-06-30",
            "path": "a path",
            "str": "a text",
        }[self.kind]
        low, high = (f"{end:g}" for end in (self.low, self.high))
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{kind} from {low} to {high}"
        if math.isfinite(self.low):
            return f"{kind} of {low} or more"
        return f"{kind} of {high} or less" if math.isfinite(self.high) else kind


def nearest(name: str, known: list[str]) -> str:
    """Suggest the known name nearest to what was typed, as the end of a message.

    Examples
    --------
    >>> nearest("key_acounts", ["key_accounts", "months"])
    ' Did you mean key_accounts?'
    >>> nearest("zzz", ["months"])
    ''
    """
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f" Did you mean {close[0]}?" if close else ""


def read_parameters(source: str, where: str = "the parameters cell") -> tuple[Parameter, ...]:
    """Read the parameters which a cell states.

    Parameters
    ----------
    source : str
        Python text of the cell.
    where : str
        Name of the notebook, for messages.

    Returns
    -------
    tuple of Parameter
        In the order of the cell.

    Raises
    ------
    UsageError
        If the cell holds anything but assignments of plain values, or a bracket that cannot be
        read.

    Examples
    --------
    >>> (months,) = read_parameters("months: int = 12  # of history [1..120]")
    >>> months.kind, months.default, months.about, months.allowed
    ('int', 12, 'of history', 'a whole number from 1 to 120')
    """
    try:
        statements = ast.parse(source).body
        comments = {
            token.start[0]: token.string.lstrip("# ").rstrip()
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
    except (SyntaxError, tokenize.TokenError) as error:
        raise UsageError(f"{where}: the parameters cell is not valid Python ({error}).") from None
    # a long value stands in brackets on lines of its own, its comment with it
    spans = [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in statements]
    return tuple(
        _read_one(node, " ".join(comments[line] for line in span if line in comments), where)
        for node, span in zip(statements, spans, strict=True)
    )


def _read_one(node: ast.stmt, comment: str, where: str) -> Parameter:
    """Read one assignment and the comment behind it."""
    target: ast.expr
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        target, annotation, value = node.target, ast.unparse(node.annotation), node.value
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, annotation, value = node.targets[0], "", node.value
    else:
        raise UsageError(
            f"{where}: line {node.lineno} of the parameters cell is not `name: type = value`."
        )
    try:
        default = ast.literal_eval(value)
    except ValueError:
        default = None
    kind = annotation or type(default).__name__
    if not isinstance(target, ast.Name) or kind not in TYPES or default is None:
        raise UsageError(
            f"{where}: line {node.lineno} of the parameters cell must assign a plain value of type "
            f"{', '.join(TYPES)} to a name."
        )
    return _with_limits(target.id, kind, default, comment, where)


def _with_limits(name: str, kind: str, default: Value, comment: str, where: str) -> Parameter:
    """Read what the bracket at the end of a comment allows."""
    bracket = _BRACKET.search(comment)
    limits = bracket.group(1).strip() if bracket else ""
    about = comment[: bracket.start()] if bracket else comment
    if kind == "str" and (limits in ("date", "path") or name in DATES | PATHS):
        default_kind = "date" if name in DATES else "path"
        return Parameter(name, limits or default_kind, default, about)
    if limits.count("..") == 1 and kind in ("int", "float"):
        ends = [end.strip() for end in limits.split("..")]
        try:
            low, high = float(ends[0] or "-inf"), float(ends[1] or "inf")
        except ValueError:
            raise UsageError(f"{where}: the range [{limits}] of {name} is not readable.") from None
        return Parameter(name, kind, default, about, low, high)
    if "|" in limits:
        choices = tuple(choice.strip() for choice in limits.split("|"))
        return Parameter(name, kind, default, about, choices=choices)
    return Parameter(name, kind, default, comment)


def check_value(parameter: Parameter, value: Value) -> Value:
    """Turn what the user gave into the parameter's type, or say what is wrong with it.

    Parameters
    ----------
    parameter : Parameter
        What is allowed.
    value : str, int, float or bool
        Text from the command line, or a value from Python. Relative paths become absolute.

    Returns
    -------
    str, int, float or bool

    Raises
    ------
    UsageError
        If the value is of another type, out of range, no choice, no date, or carries a password.

    Examples
    --------
    >>> check_value(Parameter("months", "int", 12, low=1), "24")
    24
    """
    text = str(value).strip()
    if _PASSWORD.search(text):
        raise UsageError(
            f"{parameter.name} carries a password, which would be written into the page, the "
            "manifest and the process list. Put it into an environment variable and give the "
            "variable's name."
        )
    wrong = UsageError(f"{parameter.name} = {text!r} is wrong: it must be {parameter.allowed}.")
    try:
        found = _converted(parameter, value, text)
    except (ValueError, OverflowError, RuntimeError):  # the last: ~name of an unknown user
        raise wrong from None
    if parameter.choices and str(found) not in parameter.choices:
        near = nearest(text, list(parameter.choices))
        raise UsageError(str(wrong) + near)
    if parameter.kind in ("int", "float") and not parameter.low <= float(found) <= parameter.high:
        raise wrong
    return found


def _converted(parameter: Parameter, value: Value, text: str) -> Value:
    """Convert a value to the parameter's kind, or raise ValueError."""
    match parameter.kind:
        case "int":
            return int(text)
        case "float":
            number = float(text)
            if math.isnan(number):
                raise ValueError
            return number
        case "bool":
            if text.lower() not in _TRUE | _FALSE:
                raise ValueError
            return text.lower() in _TRUE
        case "date":
            return dt.date.fromisoformat(text).isoformat() if text else ""
        case "path":
            return str(Path(text).expanduser().absolute()) if text else ""
    return str(value)


def check_names(given: dict[str, Any], known: dict[str, list[str]]) -> None:
    """Refuse a parameter which none of the studies has.

    Parameters
    ----------
    given : dict of str to value
        What the user gave.
    known : dict of str to list of str
        Names of the parameters of each study of the run.

    Raises
    ------
    UsageError
        Naming the nearest parameter there is.
    """
    names = sorted({name for listed in known.values() for name in listed} - set(RESERVED))
    for name in given:
        if name in RESERVED:
            flag = {"out": "--out", "published": "--out"}.get(name, f"--{name.replace('_', '-')}")
            raise UsageError(f"Give {name} with {flag}, not with -p.")
        if name not in names:
            studies = ", ".join(known)
            listing = f" There are: {', '.join(names)}." if names else " It takes none."
            near = nearest(name, names) or listing
            raise UsageError(f"{studies} has no parameter {name!r}.{near}")
