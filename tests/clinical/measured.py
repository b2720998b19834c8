"""Short ways to say what was measured, as a report would send it."""

from __future__ import annotations

import json
from typing import Any

from pathway.clinical.component_rules import BY_DEFAULT, ComponentResponse, Otherwise
from pathway.clinical.components import rate
from pathway.clinical.measurements import Measurements
from pathway.clinical.terms import Component


def measured(**told: Any) -> Measurements:
    """The measurements of a JSON report."""
    return Measurements.model_validate_json(json.dumps(told))


def mm(now: float, baseline: float | None = None, nadir: float | None = None) -> dict[str, str]:
    """A length, with what it is compared with."""
    given = {"now": now, "baseline": baseline, "nadir": nadir}
    return {name: str(value) for name, value in given.items() if value is not None}


def mibg(
    absolute: float, baseline: float | None = None, score: str = "siopen", **more: Any
) -> dict[str, Any]:
    """A bone score without new sites, unless told otherwise."""
    told = {"score": score, "absolute": str(absolute), "new_sites": 0} | more
    return told if baseline is None else told | {"baseline": str(baseline)}


def marrow(now: float | None = None, baseline: float | None = None) -> dict[str, str]:
    """The highest infiltration, percent."""
    given = {"now": now, "baseline": baseline}
    return {name: str(value) for name, value in given.items() if value is not None}


def samples(*percents: float) -> list[dict[str, str]]:
    """Marrow samples in the order left aspirate, right aspirate, left trephine, right trephine."""
    places = [(kind, side) for kind in ("aspirate", "trephine") for side in ("left", "right")]
    return [
        {"kind": kind, "side": side, "percent": str(percent)}
        for (kind, side), percent in zip(places, percents, strict=False)
    ]


def primary(otherwise: Otherwise = BY_DEFAULT, /, **told: Any) -> ComponentResponse:
    """The primary tumour, rated."""
    return rate(Component.PRIMARY, measured(**told), otherwise)


def metastatic(otherwise: Otherwise = BY_DEFAULT, /, **told: Any) -> ComponentResponse:
    """The metastatic disease, rated; no new lesions unless told otherwise."""
    return rate(Component.METASTATIC, measured(**({"new_lesions": False} | told)), otherwise)


def bone(otherwise: Otherwise = BY_DEFAULT, /, **told: Any) -> ComponentResponse:
    """Metastases of bone alone."""
    return metastatic(otherwise, **({"soft_tissue_at_baseline": False} | told))


def soft_tissue(otherwise: Otherwise = BY_DEFAULT, /, **told: Any) -> ComponentResponse:
    """Metastases of soft tissue alone."""
    return metastatic(otherwise, **({"bone_at_baseline": False} | told))


def bone_marrow(otherwise: Otherwise = BY_DEFAULT, /, **told: Any) -> ComponentResponse:
    """The marrow, rated."""
    return rate(Component.BONE_MARROW, measured(**told), otherwise)


def ids(answer: ComponentResponse) -> list[str]:
    """The policies that decided."""
    return [policy.id for policy in answer.policies]
