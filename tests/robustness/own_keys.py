"""A hook of schemathesis: a request that is well gets a key of its own, as the description of the calls asks for.

Left to itself it sends many of them with the key "0", and hears of nothing but keys used before.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import schemathesis

_numbers = count(1)


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    meta = case.meta
    if meta is not None and meta.generation.mode.is_positive and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"generated {next(_numbers)}"
