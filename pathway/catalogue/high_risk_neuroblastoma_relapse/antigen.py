"""What a person is told about GD2 and other markers beside the next step. None of it opens or closes an option."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import gd2, gives_antibody, in_remission
from pathway.catalogue.high_risk_neuroblastoma_relapse.resistance import lines_given
from pathway.clinical.backbones import RESISTANT_MONTHS
from pathway.clinical.biomarkers import (
    ALK_AMPLIFIED,
    ALK_INHIBITORS,
    ALK_READ,
    MARKERS,
    AlkFinding,
    Marker,
    alk_finding,
)
from pathway.clinical.evidence import (
    FIELD_KNOWLEDGE,
    JCM_2023_FLOW,
    NCI_PDQ_2025,
    PROJECT_DESIGN,
    REVIEW,
    SCHUMACHER_KUCKELKORN_2017,
    Tag,
    cite,
)
from pathway.clinical.terms import is_anti_gd2
from pathway.engine.definition import Caution, Noticed, Prompt
from pathway.engine.findings import OPEN
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Antigen, Noted

CHOOSING: Final = (
    "progression_confirmed",
    "chemoimmunotherapy.ready",
    "decision_due",
    "maintenance.ready",
    "car_t_bridge.referred",
    "car_t_bridge.apheresis",
    "car_t_bridge.manufacturing",
)
"""Where an antibody or cells against GD2 are chosen or gone on with."""

BEFORE_RETREATMENT: Final = cite(
    REVIEW, Tag.SOURCE_READ, "GD2 testing: before retreatment and at progression"
)
LOST_IN_PART: Final = cite(
    SCHUMACHER_KUCKELKORN_2017, Tag.SOURCE_READ, "complete and partial GD2 negativity, abstract"
)
FREQUENCY_AND_DENSITY: Final = cite(JCM_2023_FLOW, Tag.SOURCE_READ, "frequency and density, abstract")
NO_CUT_OFF: Final = cite(FIELD_KNOWLEDGE, Tag.UNVERIFIED, "GD2 testing: labels and cut-off")
LATER_COUNTS: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "GD2 on two specimens: the later one counts")
_REMISSION: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "how long a fact counts: GD2 in remission")


ALK: Final = next(each for each in MARKERS if each.name == "alk")


def _open(episode: Episode, as_of: date) -> Iterator[Noticed]:
    found = gd2.of(episode, as_of)
    if found.value in OPEN:
        yield Noticed(found.shown or "not measured", found.at)


def _antibody(
    classes: frozenset[str], episode: Episode, as_of: date, agents: tuple[str, ...]
) -> Iterator[Noticed]:
    """What GD2 is, where an antibody would be given and it is one of `classes`."""
    found = gd2.of(episode, as_of)
    if found.value in classes and any(map(is_anti_gd2, agents)):
        yield Noticed(found.shown or "not measured", found.at)


def _partial(episode: Episode, as_of: date) -> Iterator[Noticed]:
    measured = episode.gd2
    if measured is not None and gd2.of(episode, as_of).value == "partial":
        yield Noticed(measured.in_words, measured.at)


def _last_known(episode: Episode, as_of: date) -> Iterator[Noticed]:
    found = gd2.of(episode, as_of)
    if in_remission(episode) and found.value not in OPEN:
        yield Noticed(found.shown, found.at)


def _conflict(episode: Episode, as_of: date) -> Iterator[Noticed]:
    latest, other = episode.gd2, episode.gd2_elsewhere
    if latest is None or other is None or latest.value == other.value:
        return
    if _still_counts(episode, other, as_of) and gd2.of(episode, as_of).value not in OPEN:
        yield Noticed(f"{latest.in_words}; before it {other.in_words}", latest.at)


def _still_counts(episode: Episode, measured: Antigen, as_of: date) -> bool:
    if measured.value == "indeterminate" or not measured.at.exact:
        return False
    progressed = episode.progressed
    outlived = progressed is not None and progressed.on > measured.at.on
    return not outlived and as_of <= measured.at.on + timedelta(days=t.GD2_DAYS.value)


def _before_antibody(episode: Episode, as_of: date) -> Iterator[Noticed]:
    measured, given = episode.gd2, episode.last_anti_gd2
    counts = gd2.of(episode, as_of).value not in OPEN
    if measured is None or given is None or not counts or not gives_antibody(episode):
        return
    if given.on >= measured.at.on:
        yield Noticed(f"{measured.in_words}; antibody until {given.when}", measured.at)


def _amount(episode: Episode, as_of: date) -> Iterator[Noticed]:  # noqa: ARG001
    measured = episode.gd2
    if measured is not None and (measured.percent is not None or measured.density is not None):
        yield Noticed(measured.in_words, measured.at)


def _marker(marker: Marker, finding: AlkFinding | None, episode: Episode, as_of: date) -> Iterator[Noticed]:
    """The value of a marker; with `finding` only a value of ALK that tells of that."""
    noted = episode.biomarkers.get(marker.name)
    if noted is not None and (finding is None or alk_finding(noted.value) is finding):
        told = f"{marker.label}: {noted.value}" + (f" ({noted.at.when})" if noted.at.exact else "")
        old = _too_old(marker, noted, episode, as_of)
        failed = "".join(_inhibitors_failed(episode)) if finding in ACTIONABLE else ""
        yield Noticed((f"{told}, {old}" if old else told) + failed, noted.at)


ACTIONABLE: Final = (AlkFinding.VARIANT, AlkFinding.AMPLIFICATION)


def _inhibitors_failed(episode: Episode) -> Iterator[str]:
    """What is known of inhibitors of ALK given before: whether one is an option hangs on it."""
    for line in lines_given(episode):
        given = (
            agent for agent in ALK_INHIBITORS if agent in (line.agents or ()) or agent in line.what.casefold()
        )
        for agent in given:
            if line.resistant:
                yield f"; the disease progressed on {agent}, or within {RESISTANT_MONTHS} months of it ({line.what})"
            else:
                yield f"; {agent} was given before ({line.what})"


def _too_old(marker: Marker, noted: Noted, episode: Episode, as_of: date) -> str | None:
    """Why a value no longer tells how things stand."""
    progressed, given = episode.progressed, episode.cycles.last_started or episode.courses.last_started
    if marker.until_progression and progressed is not None and progressed.on > noted.at.on:
        return "from before the latest progression"
    if marker.until_cycle and given is not None and given.on >= noted.at.on:
        return "from before the latest cycle"
    if marker.days is None:
        return None
    if not noted.at.exact:
        return "on a day that is not known"
    return f"older than {marker.days} days" if as_of > noted.at.on + timedelta(days=marker.days) else None


def _not_profiled(episode: Episode, as_of: date) -> Iterator[Noticed]:
    noted = episode.biomarkers.get(ALK.name)
    old = _too_old(ALK, noted, episode, as_of) if noted else "not recorded"
    if old:
        yield Noticed(f"ALK {old}", noted.at if noted else None)


PROMPTS: Final = (
    Prompt(
        "gd2_to_measure",
        "GD2 is unknown, could not be read, or was measured too long ago.",
        "Measure GD2 on tumour or marrow, by immunohistochemistry or flow cytometry; treatment does not wait for it. "
        "Giving the antibody without it is a choice to be documented, not an error.",
        BEFORE_RETREATMENT,
        _open,
        CHOOSING,
    ),
    Prompt(
        "gd2_partial",
        "GD2 was found on a part of the cells, or faintly.",
        "GD2 is missing on a part of the tumour cells, or faint on them: of 474 children with tumour cells in the "
        "marrow 43 had such a finding and 14 had none at all; 21 lost GD2 between two examinations and 3 gained it. "
        "Nothing is closed by it; measure again before retreatment.",
        LOST_IN_PART,
        _partial,
        CHOOSING,
    ),
    Prompt(
        "gd2_last_known",
        "In complete remission there is no tissue on which GD2 could be measured.",
        "The last known GD2 counts, since remission leaves no tissue to measure; it may differ at a relapse.",
        _REMISSION,
        _last_known,
        CHOOSING,
    ),
    Prompt(
        "gd2_conflict",
        "Two specimens, or two of which it was not told whether they are the same, gave different classes, and both "
        "would still count.",
        "Two measurements of GD2 disagree that are not known to be of one specimen. The later one counts here; disease "
        "may be uneven, so weigh both.",
        LATER_COUNTS,
        _conflict,
        CHOOSING,
    ),
    Prompt(
        "gd2_before_antibody",
        "GD2 was measured before the antibody of the line under way was given.",
        "GD2 was measured before this line's antibody and may have changed under it: measure it again before cells "
        "or another antibody are chosen.",
        BEFORE_RETREATMENT,
        _before_antibody,
        CHOOSING,
    ),
    Prompt(
        "gd2_amount",
        "A share of cells or a density was reported with GD2.",
        "Children whose cells carried little GD2 may have the toxicity of the antibody without its benefit.",
        FREQUENCY_AND_DENSITY,
        _amount,
        CHOOSING,
    ),
    Prompt(
        "gd2_no_cut_off",
        "A share of cells or a density was reported with GD2.",
        "No share of cells and no density is established from which the antibody works: the class alone counts here.",
        NO_CUT_OFF,
        _amount,
        CHOOSING,
    ),
    *(
        Prompt(
            f"marker_{each.name}",
            "A variant of ALK was recorded." if each is ALK else f"{each.label} was recorded.",
            each.informs,
            each.because,
            partial(_marker, each, AlkFinding.VARIANT if each is ALK else None),
            CHOOSING,
        )
        for each in MARKERS
    ),
    Prompt(
        "marker_alk_amplified",
        "An amplification of ALK was recorded.",
        "An ALK inhibitor is thought of with an amplification of ALK too, on weaker grounds than with a variant.",
        ALK_AMPLIFIED,
        partial(_marker, ALK, AlkFinding.AMPLIFICATION),
        CHOOSING,
    ),
    Prompt(
        "marker_alk_other",
        "ALK was recorded with a value that names neither a variant nor an amplification.",
        "An ALK inhibitor is an option for a variant of ALK, and what was recorded names none: expression is no "
        "variant. If one was found, record it by its name, such as F1174L.",
        ALK_READ,
        partial(_marker, ALK, AlkFinding.NEITHER),
        CHOOSING,
    ),
    Prompt(
        "tumour_profile",
        "At a confirmed progression, ALK is not recorded, or from before it.",
        "Profile the tumour again where a biopsy is taken: of relapsed or refractory tumours 45 % had a change that "
        "a drug addresses, and 31.7 % a hot-spot variant of ALK.",
        cite(NCI_PDQ_2025, Tag.SOURCE_READ, "Pediatric MATCH, relapsed or refractory neuroblastoma"),
        _not_profiled,
        ("progression_confirmed",),
    ),
)

CAUTIONS: Final = (
    Caution(
        "gd2_not_known",
        "An anti-GD2 antibody while GD2 is unknown, could not be read, or was measured too long ago.",
        "An antibody while GD2 is not known is a choice to be documented.",
        cite(PROJECT_DESIGN, Tag.DESIGN, "GD2 that is not known is a documented choice, not a stop"),
        partial(_antibody, OPEN),
    ),
    Caution(
        "gd2_negative",
        "An anti-GD2 antibody while GD2 is negative.",
        "An antibody against GD2 that was not found is a choice to be documented.",
        cite(PROJECT_DESIGN, Tag.DESIGN, "GD2 negative: an antibody with a documented reason"),
        partial(_antibody, frozenset({"negative"})),
    ),
)
