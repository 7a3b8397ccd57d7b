"""How complete and how valid are the personal data that each channel collects?"""

import re
from datetime import date

import pandas as pd

PERSONAL = (
    "name",
    "gender",
    "birth_date",
    "occupation",
    "address",
    "phone",
    "email",
)
_GENDERS = frozenset(
    ("f", "m", "female", "male", "woman", "man", "x", "other", "diverse", "女", "男", "其他")
)
# What mail servers accept in practice: one @, no spaces, a dotted domain with a top level.
_EMAIL = re.compile(
    r"(?=.{3,254}$)[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@.<>]+(?:\.[^\s@.<>]+)*\.[^\W\d_]{2,}",
    re.UNICODE,
)
AGE_LIMITS = (16, 100)


def normal_email(email: object) -> str | None:
    """Give an e-mail address in the form by which two are compared, or None if it is none.

    Parameters
    ----------
    email : object
        A text, or a missing value.

    Examples
    --------
    >>> normal_email(" Mei.Lin@Example.COM ")
    'mei.lin@example.com'
    >>> normal_email("mei.lin(at)example") is None
    True
    """
    if not isinstance(email, str):
        return None
    text = email.strip().casefold().removeprefix("mailto:").rstrip(".")
    return text if _EMAIL.fullmatch(text) and ".." not in text else None


def normal_phone(phone: object, region: str | None = None) -> str | None:
    """Give a telephone number as +country…, or None if it cannot be one.

    Parameters
    ----------
    phone : object
        A text, or a missing value.
    region : str, optional
        ISO 3166 code of the country whose numbers are written without a country code.

    Examples
    --------
    >>> normal_phone("020 7946 0958", "GB")
    '+442079460958'
    >>> normal_phone("12") is None
    True
    """
    import phonenumbers

    if not isinstance(phone, str) or not phone.strip():
        return None
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    # zeros that are left before the number would be taken for a trunk prefix at the next reading
    zero = written.startswith(f"+{number.country_code}0")
    return None if zero and phonenumbers.parse(written) != number else written


def contact_quality(
    contacts: pd.DataFrame,
    as_of: date,
    *,
    accounts: pd.DataFrame | None = None,
    region: str | None = None,
) -> pd.DataFrame:
    """Count how many contact records hold each personal field, and how many hold it validly.

    No value leaves this function, only counts.

    Parameters
    ----------
    contacts : pd.DataFrame
        Canonical contacts: any of name, gender, birth_date, occupation, address, phone, email,
        account_id and channel.
    as_of : date
        Ages are reckoned on this day; 16 to 100 is plausible.
    accounts : pd.DataFrame, optional
        Canonical accounts, against which `account_id` is checked.
    region : str, optional
        ISO 3166 code for telephone numbers without a country code. Without it such numbers count
        as valid if they hold 6 to 15 digits.

    Returns
    -------
    pd.DataFrame
        One row a channel and field: `channel`, `field`, `records`, `filled`, `valid`,
        `complete_share` (filled of records) and `valid_share` (valid of filled; missing where none
        is filled). The channel "all" comes first.
    """
    frame = contacts.reset_index(drop=True)
    channel = frame["channel"] if "channel" in frame else pd.Series("unnamed", index=frame.index)
    known = set(accounts["account_id"]) if accounts is not None else None
    rows = []
    for field in (*PERSONAL, "account_id"):
        values = (
            frame[field] if field in frame else pd.Series(None, index=frame.index, dtype=object)
        )
        filled = values.notna() & (values.astype("string").str.strip().fillna("") != "")
        valid = filled & _valid(field, values, as_of, region, known)
        marks = pd.DataFrame({"channel": channel.fillna("unnamed"), "f": filled, "v": valid})
        sums = marks.groupby("channel").agg(
            records=("f", "size"), filled=("f", "sum"), valid=("v", "sum")
        )
        whole = sums.sum().to_frame("all").T.rename_axis("channel")
        rows.append(pd.concat([whole, sums]).reset_index().assign(field=field))
    table = pd.concat(rows, ignore_index=True)
    table["complete_share"] = table["filled"] / table["records"].where(table["records"] > 0)
    table["valid_share"] = table["valid"] / table["filled"].where(table["filled"] > 0)
    columns = ["channel", "field", "records", "filled", "valid", "complete_share", "valid_share"]
    return table[columns]


def _valid(
    field: str, values: pd.Series, as_of: date, region: str | None, known: set[str] | None
) -> pd.Series:
    """Tell which values of one field could be true."""
    text = values.astype("string").str.strip()
    if field == "email":
        return text.map(lambda value: normal_email(value) is not None, na_action="ignore").eq(True)
    if field == "phone":
        if region is None:
            digits = text.str.count(r"\d").between(6, 15) & ~text.str.contains(r"[^\W\d_]{3,}")
            return digits.fillna(False).astype(bool)
        return text.map(
            lambda value: normal_phone(value, region) is not None, na_action="ignore"
        ).eq(True)
    if field == "birth_date":
        born = pd.to_datetime(values, errors="coerce")
        age = (pd.Timestamp(as_of) - born).dt.days / 365.2425
        return age.between(*AGE_LIMITS)
    if field == "gender":
        return text.str.casefold().isin(_GENDERS)
    if field == "account_id" and known is not None:
        return values.isin(known)
    # a name, occupation or address holds letters of some script
    return text.str.contains(r"[^\W\d_]").fillna(False).astype(bool)
