"""What can be said of each option that is decided on, and what has to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pathway.engine.definition import Effect, Option
from pathway.episodes.events import DecisionDetail
from pathway.use_cases.refusals import Refusal

_OF_EFFECT: Final[Mapping[Effect, tuple[str, ...]]] = {
    "new_line": ("regimen", "agents"),
    "new_courses": ("regimen", "agents"),
    "agents": ("regimen", "agents"),
    "drop_antibody": ("regimen", "agents"),
    "switch_antibody": ("regimen", "agents"),
    "resume": ("agents",),
    "hold": ("agents", "hold_until"),
    "stop": ("agents",),
    "close": ("closure",),
}
_OF_OPTION: Final[Mapping[str, tuple[str, ...]]] = {
    "local_control": ("modality",),
    "consolidation_transplant": ("regimen",),
    "other": ("text", "rests_in"),
}
_REQUIRED: Final[Mapping[str, tuple[str, str]]] = {
    "close": ("closure", "Say why the episode is closed."),
    "stop_agent": ("agents", "Say which agent is stopped for good."),
    "other": ("text", "Say in words what was chosen."),
}


def details_of(option: Option) -> tuple[str, ...]:
    """The fields of a decision's detail that mean something for this option."""
    return _OF_OPTION.get(option.name) or (_OF_EFFECT.get(option.effect, ()) if option.effect else ())


def required_of(option: Option) -> str | None:
    """The field without which this option cannot be decided on."""
    return _REQUIRED[option.name][0] if option.name in _REQUIRED else None


def require_details(option: Option, detail: DecisionDetail) -> None:
    """Raises `Refusal` when what has to be said is missing, or what cannot be is there."""
    field, sentence = _REQUIRED.get(option.name, (None, ""))
    if field is not None and not getattr(detail, field):
        raise Refusal("invalid_body", sentence, [(f"/detail/{field}", sentence)])
    if detail.rests_in is not None and option.name != "other":
        sentence = (
            "Where the episode rests follows from the option; it can be said with the option other alone."
        )
        raise Refusal("invalid_body", sentence, [("/detail/rests_in", sentence)])
