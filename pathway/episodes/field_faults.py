"""What is wrong with one field of what was sent, in words that a coordinator can act on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic_core import ErrorDetails

FIELDS_OF_ITS_OWN: Final = "An object with fields of its own."
_NUMBER: Final = "A number, such as 9.5."
_WHOLE_NUMBER: Final = "A whole number, such as 2."
_LONG_NUMBER: Final = "This number has too many digits."
_YES_OR_NO: Final = "Yes or no (true or false)."
_DAY: Final = "A day, such as 2026-03-31."
_INSTANT: Final = "An instant with its time zone, such as 2026-03-31T14:30:00+02:00."
_LIST: Final = "A list."
_CHARACTERS: Final = "This text has characters that cannot stand here."

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "This field is required.",
        "extra_forbidden": "This field is not known here.",
        "union_tag_not_found": "An event says its kind.",
        "union_tag_invalid": "This kind is not known; the kinds are {expected_tags}.",
        "json_invalid": "This is not JSON.",
        "value_error": "{error}",
        "string_type": "A text.",
        "string_unicode": _CHARACTERS,
        "string_pattern_mismatch": _CHARACTERS,
        "string_too_short": "At least {min_length} characters.",
        "string_too_long": "At most {max_length} characters.",
        "bool_type": _YES_OR_NO,
        "decimal_type": _NUMBER,
        "decimal_parsing": _NUMBER,
        "finite_number": _NUMBER,
        "decimal_max_digits": _LONG_NUMBER,
        "decimal_whole_digits": _LONG_NUMBER,
        "decimal_max_places": "At most {decimal_places} digits after the point.",
        "int_type": _WHOLE_NUMBER,
        "int_parsing": _WHOLE_NUMBER,
        "int_parsing_size": _WHOLE_NUMBER,
        "int_from_float": _WHOLE_NUMBER,
        "greater_than": "More than {gt}.",
        "greater_than_equal": "{ge} or more.",
        "less_than": "Less than {lt}.",
        "less_than_equal": "{le} or less.",
        "multiple_of": "A multiple of {multiple_of}.",
        "date_type": _DAY,
        "date_parsing": _DAY,
        "date_from_datetime_parsing": _DAY,
        "date_from_datetime_inexact": _DAY,
        "datetime_type": _INSTANT,
        "datetime_parsing": _INSTANT,
        "datetime_from_date_parsing": _INSTANT,
        "datetime_object_invalid": _INSTANT,
        "timezone_aware": _INSTANT,
        "list_type": _LIST,
        "tuple_type": _LIST,
        "too_short": "At least {min_length} of them.",
        "too_long": "At most {max_length} of them.",
        "dict_type": FIELDS_OF_ITS_OWN,
        "model_type": FIELDS_OF_ITS_OWN,
        "model_attributes_type": FIELDS_OF_ITS_OWN,
    }
)
"""What is wrong, or what the field takes, by Pydantic's name of the fault; limits stand in braces."""


def sentence_of(fault: ErrorDetails) -> str:
    """The sentence for one fault, without what was sent."""
    kind, limits = fault["type"], fault.get("ctx", {})
    if kind in ("literal_error", "enum"):
        expected = str(limits["expected"]).replace("'", "")
        return f"One of these: {expected}." if " or " in expected else f"{expected}."
    if kind == "string_too_short" and limits["min_length"] == 1:
        return "This cannot be empty."
    known = _SENTENCES.get(kind)
    return (
        known.format_map(limits) if known else fault["msg"].replace("Input", "The value", 1).rstrip(".") + "."
    )
