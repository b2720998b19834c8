"""The work-up of a relapse: which of its examinations were not recorded; and how long a regimen is given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse.edges import UNDER_TREATMENT
from pathway.catalogue.high_risk_neuroblastoma_relapse.response_findings import suspicion
from pathway.clinical.evidence import KUSHNER_2009, NCI_PDQ_2025, PROJECT_DESIGN, REVIEW, Citation, Tag, cite
from pathway.clinical.regimens import regimen
from pathway.engine.definition import Noticed, Prompt
from pathway.episodes.assessments import later_progression
from pathway.episodes.episode import Episode

_REVIEW: Final = cite(REVIEW, Tag.SOURCE_READ, "work-up")
EXAMINATIONS: Final[tuple[tuple[frozenset[str], str, Citation], ...]] = (
    (frozenset({"ct_mri"}), "CT or MRI of the regions involved", _REVIEW),
    (
        frozenset({"mibg", "fdg_pet"}),
        "MIBG, or FDG-PET where the disease takes up no MIBG; it may not be skipped",
        cite(KUSHNER_2009, Tag.SOURCE_READ, "how relapse was detected, abstract"),
    ),
    (
        frozenset({"marrow"}),
        "bone marrow from both sides, aspirate and trephine",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "marrow of both sides"),
    ),
)
"""What a complete work-up consists of: the modalities of evidence that show it was done, in words, and its source."""
BRAIN: Final = cite(NCI_PDQ_2025, Tag.SOURCE_READ, "relapse in the central nervous system")


def _not_recorded(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    progression = episode.progression
    done = set(progression.examined) if progression else set()
    at = progression.at if progression else None
    for modalities, told, because in EXAMINATIONS:
        if modalities.isdisjoint(done):
            yield Noticed(told, at, because)
    if "mibg" not in done and "fdg_pet" in done:
        yield Noticed("MIBG; an FDG-PET stands for it only where the disease takes up none", at)
    if episode.cns is None:
        yield Noticed("MRI of the brain, where there are symptoms or uptake", at, BRAIN)


def _suspected(episode: Episode, as_of: date) -> Iterator[Noticed]:
    if episode.state == "decision_due" and later_progression(episode) is not None:
        return  # the table itself says so
    found = suspicion.of(episode, as_of)
    if found.value == "open":
        yield Noticed(found.shown, found.at)


def _published(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    known = regimen(episode.regimen) if episode.regimen else None
    if known is not None and known.duration is not None:
        because = known.duration
        told = because.statement if because.verified else f"{because.statement} (unverified)"
        yield Noticed(told, episode.line_began, because)


PROMPTS: Final = (
    Prompt(
        "work_up_not_recorded",
        "An examination of the complete work-up is not among the evidence recorded.",
        "Not recorded of the complete work-up of a relapse:",
        _REVIEW,
        _not_recorded,
        ("progression_suspected", "progression_confirmed"),
    ),
    Prompt(
        "progression_suspected",
        "A progression was suspected under treatment, or on the day of the assessment, and is neither confirmed nor refuted.",
        "Confirm or refute the suspected progression before the next treatment: biopsy, FDG-PET, MRI, or repeat "
        "within 28 days.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "biopsy tells maturation from progression"),
        _suspected,
        (*UNDER_TREATMENT, "decision_due"),
        urgent=True,
    ),
    Prompt(
        "published_duration",
        "The regimen in force was published with a duration of its own.",
        "How long this regimen is given by its publication; the limit of this pathway does not follow from it:",
        cite(PROJECT_DESIGN, Tag.DESIGN, "cycle limit: a published cap is told, and raises no limit unread"),
        _published,
        ("chemoimmunotherapy.ready", "maintenance.ready", "decision_due"),
    ),
)
