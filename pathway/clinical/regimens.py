"""The regimens the pathway knows: what they consist of, how often they are given and how many times."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pathway.clinical.evidence import (
    ANBL1821,
    CNS_RELAPSE_2023,
    FIELD_KNOWLEDGE,
    FLAADT_2023,
    GRAY_2026,
    HITS,
    KUSHNER_2025,
    LODE_2023_LTI,
    LODE_2023_N5_N6,
    MABS_2018,
    MODY_2017,
    MORA_2025,
    MORENO_2024,
    NCI_PDQ_2025,
    OLGUN_2022,
    PROJECT_DESIGN,
    QARZIBA_EMA,
    RAISER_2024,
    Citation,
    Tag,
    cite,
)
from pathway.clinical.terms import Antibody, spelling

DEFAULT_CYCLE_LIMIT: Final = 6
_DEFAULT_LIMIT: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "cycle limit where the regimen gives none")


class RegimenUse(StrEnum):
    """What a regimen is given for."""

    CHEMOIMMUNOTHERAPY = "chemoimmunotherapy"
    MAINTENANCE = "maintenance"
    CHEMOTHERAPY = "chemotherapy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class NextCycle:
    """When the next cycle may begin, is meant to begin and should have begun: days from day 1 of the last."""

    earliest: int
    target: int
    latest: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Count:
    """A number of cycles and where it comes from."""

    cycles: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Regimen:
    """One regimen; doses are not held, the service neither orders nor calculates them.

    `backbone` is the id of the chemotherapy the antibody is added to. `count` is how many cycles there are
    at most, in maintenance how many are planned; None leaves it to the default. It always comes from a source
    that was read: a cap that was not checked is told in `duration`, and raises no limit. `next_cycle` is None
    for what is not given in cycles. The statement of `citation` says what came of it.
    """

    id: str
    name: str
    agents: tuple[str, ...]
    antibody: Antibody | None
    backbone: str | None
    use: RegimenUse
    next_cycle: NextCycle | None
    count: Count | None
    citation: Citation
    duration: Citation | None = None
    """How long it is given by its publication, where that is more than a number of cycles."""

    @property
    def cycle_length_days(self) -> int | None:
        """Days from day 1 of a cycle to the day the next is meant to begin."""
        return self.next_cycle.target if self.next_cycle else None

    @property
    def planned_courses(self) -> int | None:
        """How many courses maintenance with this regimen has; None outside maintenance."""
        return self.count.cycles if self.count and self.use is RegimenUse.MAINTENANCE else None


_M = Tag.UNVERIFIED
_S = Tag.SOURCE_READ
_BACKBONE_SCHEDULE = cite(FIELD_KNOWLEDGE, _M, "schedule of the chemotherapy backbone")
_SCHEDULE_NOT_SEEN = cite(PROJECT_DESIGN, Tag.DESIGN, "cycle length where none was found")


def _three_weekly(citation: Citation) -> NextCycle:
    return NextCycle(21, 21, 35, citation)


def _four_weekly(citation: Citation) -> NextCycle:
    return NextCycle(21, 28, 42, citation)


def _chemotherapy(
    name: str, title: str, agents: tuple[str, ...], next_cycle: NextCycle, citation: Citation
) -> Regimen:
    return Regimen(name, title, agents, None, None, RegimenUse.CHEMOTHERAPY, next_cycle, None, citation)


def _with_antibody(  # noqa: PLR0913  (a line of the table)
    name: str,
    backbone: Regimen,
    antibody: Antibody,
    title: str,
    citation: Citation,
    *,
    added: tuple[str, ...] = (),
    next_cycle: NextCycle | None = None,
    count: Count | None = None,
    duration: Citation | None = None,
) -> Regimen:
    return Regimen(
        id=name,
        name=title,
        agents=(antibody.value, *backbone.agents, *added),
        antibody=antibody,
        backbone=backbone.id,
        use=RegimenUse.CHEMOIMMUNOTHERAPY,
        next_cycle=next_cycle or backbone.next_cycle,
        count=count,
        citation=citation,
        duration=duration,
    )


def _maintenance(
    name: str,
    antibody: Antibody,
    title: str,
    next_cycle: NextCycle,
    count: Count,
    citation: Citation,
    added: tuple[str, ...] = (),
    duration: Citation | None = None,
) -> Regimen:
    return Regimen(
        id=name,
        name=title,
        agents=(antibody.value, *added),
        antibody=antibody,
        backbone=None,
        use=RegimenUse.MAINTENANCE,
        next_cycle=next_cycle,
        count=count,
        citation=citation,
        duration=duration,
    )


def _other(name: str, title: str, citation: Citation) -> Regimen:
    return Regimen(name, title, (name,), None, None, RegimenUse.OTHER, None, None, citation)


_IN_PDQ = cite(
    MORENO_2024,
    _S,
    "as given in NCI PDQ",
    "Free of progression at one year: 53 % with irinotecan and temozolomide, 47 % with temozolomide and topotecan, "
    "23 to 30 % with temozolomide alone; response rates were similar.",
)
_IRINOTECAN_TEMOZOLOMIDE = _chemotherapy(
    "irinotecan_temozolomide",
    "Irinotecan and temozolomide",
    ("irinotecan", "temozolomide"),
    _three_weekly(_BACKBONE_SCHEDULE),
    _IN_PDQ,
)
_TEMOZOLOMIDE_TOPOTECAN = _chemotherapy(
    "temozolomide_topotecan",
    "Temozolomide and topotecan",
    ("temozolomide", "topotecan"),
    _four_weekly(_BACKBONE_SCHEDULE),
    _IN_PDQ,
)
_TEMOZOLOMIDE = _chemotherapy(
    "temozolomide", "Temozolomide", ("temozolomide",), _four_weekly(_BACKBONE_SCHEDULE), _IN_PDQ
)
_TOPOTECAN_CYCLOPHOSPHAMIDE = _chemotherapy(
    "topotecan_cyclophosphamide",
    "Topotecan and cyclophosphamide",
    ("topotecan", "cyclophosphamide"),
    _four_weekly(_BACKBONE_SCHEDULE),
    cite(GRAY_2026, _S, "crossover at progression, with dinutuximab beta"),
)
_N5_N6 = _chemotherapy(
    "n5_n6",
    "Alternating N5 and N6",
    ("cisplatin", "etoposide", "vindesine", "vincristine", "dacarbazine", "ifosfamide", "doxorubicin"),
    _four_weekly(_SCHEDULE_NOT_SEEN),
    cite(LODE_2023_N5_N6, _M, "composition"),
)
_ICE = _chemotherapy(
    "ice",
    "Ifosfamide, carboplatin and etoposide",
    ("ifosfamide", "carboplatin", "etoposide"),
    _four_weekly(_SCHEDULE_NOT_SEEN),
    cite(FIELD_KNOWLEDGE, _M, "composition"),
)

_BEACON_SIX = Count(6, cite(GRAY_2026, _S, "up to six cycles"))
_BEACON_RESULTS = cite(
    GRAY_2026,
    _S,
    "abstract",
    "65 children: complete or partial response 30.2 % with the antibody, 18.2 % without; free of progression for a "
    "median of 11.1 and 3.8 months.",
)
_REGISTRY = cite(
    RAISER_2024,
    _S,
    "as given in NCI PDQ",
    "24 children of a registry, relapsed or progressing: response in 42 %.",
)
_CHEMOIMMUNOTHERAPY: Final = (
    _with_antibody(
        "dinutuximab_irinotecan_temozolomide",
        _IRINOTECAN_TEMOZOLOMIDE,
        Antibody.DINUTUXIMAB,
        "Dinutuximab, irinotecan, temozolomide and GM-CSF (ANBL1221)",
        cite(
            MODY_2017,
            _S,
            "ANBL1221",
            "53 children: complete response 20.7 %, partial 20.7 %, stable 41.5 %, progression 13.2 %; free of "
            "progression at one year 67.9 %.",
        ),
        added=("gm_csf",),
        next_cycle=_three_weekly(cite(MODY_2017, _S, "ANBL1221, cycles of 21 days")),
        duration=cite(
            MODY_2017,
            _M,
            "ANBL1221, number of cycles",
            "At most 17 cycles, assessed after cycles 2, 4 and 6, then after every fourth.",
        ),
    ),
    _with_antibody(
        "dinutuximab_irinotecan_temozolomide_dfmo",
        _IRINOTECAN_TEMOZOLOMIDE,
        Antibody.DINUTUXIMAB,
        "Dinutuximab, irinotecan, temozolomide and DFMO (ANBL1821)",
        cite(
            ANBL1821,
            _S,
            "abstract",
            "91 children: complete, partial or minor response 61.4 % with DFMO, 57.4 % without; complete or partial "
            "50 and 48.9 %; free of progression at one year 70.0 and 56.8 %.",
        ),
        added=("gm_csf", "dfmo"),
        next_cycle=_three_weekly(cite(ANBL1821, _S, "cycles of 21 days")),
    ),
    _with_antibody(
        "dinutuximab_beta_temozolomide_topotecan",
        _TEMOZOLOMIDE_TOPOTECAN,
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta, temozolomide and topotecan (BEACON-Immuno)",
        _BEACON_RESULTS,
        count=_BEACON_SIX,
    ),
    _with_antibody(
        "dinutuximab_beta_temozolomide",
        _TEMOZOLOMIDE,
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta and temozolomide (BEACON-Immuno)",
        _BEACON_RESULTS,
        count=_BEACON_SIX,
    ),
    _with_antibody(
        "dinutuximab_beta_irinotecan_temozolomide",
        _IRINOTECAN_TEMOZOLOMIDE,
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta, irinotecan and temozolomide",
        cite(OLGUN_2022, _M, "regimens used"),
    ),
    _with_antibody(
        "dinutuximab_beta_topotecan_cyclophosphamide",
        _TOPOTECAN_CYCLOPHOSPHAMIDE,
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta, topotecan and cyclophosphamide",
        _REGISTRY,
    ),
    _with_antibody(
        "dinutuximab_topotecan_cyclophosphamide",
        _TOPOTECAN_CYCLOPHOSPHAMIDE,
        Antibody.DINUTUXIMAB,
        "Dinutuximab, topotecan and cyclophosphamide",
        _REGISTRY,
    ),
    _with_antibody(
        "naxitamab_irinotecan_temozolomide",
        _IRINOTECAN_TEMOZOLOMIDE,
        Antibody.NAXITAMAB,
        "Naxitamab, irinotecan, temozolomide and GM-CSF (HITS; up to two years)",
        cite(
            HITS,
            _S,
            "abstract",
            "90 children, 503 cycles: complete or partial response after four cycles 30.6 %; complete response in "
            "26 % of all.",
        ),
        added=("gm_csf",),
        next_cycle=_four_weekly(cite(HITS, _S, "cycles of 21 to 42 days")),
        duration=cite(HITS, _S, "duration", "Every three to five weeks for up to two years."),
    ),
    _with_antibody(
        "dinutuximab_beta_n5_n6",
        _N5_N6,
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta with alternating N5 and N6",
        cite(LODE_2023_N5_N6, _M, "composition"),
    ),
)

_LABEL_COURSE = NextCycle(35, 35, 49, cite(QARZIBA_EMA, _S, "section 4.2, course of 35 days"))
_LABEL_FIVE = Count(5, cite(QARZIBA_EMA, _S, "section 4.2, five courses"))
_MAINTENANCE: Final = (
    _maintenance(
        "dinutuximab_beta_long_term_infusion",
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta, ten-day infusion",
        _LABEL_COURSE,
        _LABEL_FIVE,
        cite(
            LODE_2023_LTI,
            _S,
            "abstract",
            "38 children with relapsed or refractory disease, without chemotherapy: response 26 %, best response "
            "37 %; free of progression at three years 31 %.",
        ),
        duration=cite(LODE_2023_LTI, _S, "courses of 35 days", "At most five courses."),
    ),
    _maintenance(
        "dinutuximab_beta_short_term_infusion",
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta, eight-hour infusions on five days",
        _LABEL_COURSE,
        _LABEL_FIVE,
        cite(QARZIBA_EMA, _S, "section 4.2"),
    ),
    _maintenance(
        "dinutuximab_beta_isotretinoin",
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta and isotretinoin",
        _LABEL_COURSE,
        _LABEL_FIVE,
        cite(MABS_2018, _S, "cycle of 35 days"),
        ("isotretinoin",),
    ),
    _maintenance(
        "dinutuximab_beta_after_haploidentical_transplant",
        Antibody.DINUTUXIMAB_BETA,
        "Dinutuximab beta after haploidentical transplant (up to nine cycles while responding)",
        _LABEL_COURSE,
        Count(6, cite(FLAADT_2023, _S, "five to six cycles")),
        cite(
            FLAADT_2023,
            _S,
            "as given in NCI PDQ",
            "68 children: free of events at five years 43 %; complete response in 35 % of those with disease.",
        ),
        duration=cite(
            CNS_RELAPSE_2023,
            _S,
            "number of cycles",
            "Five to six cycles; up to nine where there is a response after cycle five or six.",
        ),
    ),
    _maintenance(
        "naxitamab_gm_csf",
        Antibody.NAXITAMAB,
        "Naxitamab and GM-CSF",
        NextCycle(28, 28, 42, cite(KUSHNER_2025, _S, "monthly cycles")),
        Count(5, cite(KUSHNER_2025, _S, "five cycles in complete remission")),
        cite(
            KUSHNER_2025,
            _S,
            "consolidation in complete remission",
            "First complete remission: free of events at three years 73 %.",
        ),
        ("gm_csf",),
        duration=cite(
            MORA_2025,
            _S,
            "disease in bone or marrow",
            "With disease: every four weeks until complete or partial response, then five more cycles; response in "
            "50 % of 52 patients.",
        ),
    ),
)

_PDQ_OPTION = cite(NCI_PDQ_2025, _S, "treatment of recurrent neuroblastoma")
_WITHOUT_ANTIBODY: Final = (
    _IRINOTECAN_TEMOZOLOMIDE,
    _TEMOZOLOMIDE_TOPOTECAN,
    _TEMOZOLOMIDE,
    _TOPOTECAN_CYCLOPHOSPHAMIDE,
    _N5_N6,
    _ICE,
    _other("mibg_131i", "131I-MIBG therapy", _PDQ_OPTION),
    _other("alk_inhibitor", "ALK inhibitor for an ALK variant", _PDQ_OPTION),
)

REGIMENS: Final[Mapping[str, Regimen]] = MappingProxyType(
    {each.id: each for each in (*_CHEMOIMMUNOTHERAPY, *_MAINTENANCE, *_WITHOUT_ANTIBODY)}
)
"""Every regimen by its id."""


def regimen(regimen_id: str) -> Regimen | None:
    """The regimen of this id, however it is spelled; None for one the pathway does not know."""
    return REGIMENS.get(spelling(regimen_id))


_CHEMOTHERAPY: Final = frozenset(
    agent for each in REGIMENS.values() if each.use is RegimenUse.CHEMOTHERAPY for agent in each.agents
)


def is_chemotherapy(agent: str) -> bool:
    """True for the agents of the backbones that the pathway knows."""
    return spelling(agent) in _CHEMOTHERAPY


def regimen_with(antibody: str, backbone: str | None) -> str | None:
    """The regimen that adds this antibody to this backbone; None where none does."""
    return next(
        (each.id for each in _CHEMOIMMUNOTHERAPY if (each.antibody, each.backbone) == (antibody, backbone)),
        None,
    )


def cycle_limit(regimen_id: str | None) -> tuple[int, Citation]:
    """How many cycles the line has at most (in maintenance: planned courses), and where that comes from.

    A regimen that is unknown, or of which no number was read, has six: more than six without a reason is not
    the default, since a response is unlikely once the disease has stayed stable for longer.
    """
    known = regimen(regimen_id) if regimen_id is not None else None
    if known is None or known.count is None:
        return DEFAULT_CYCLE_LIMIT, _DEFAULT_LIMIT
    return known.count.cycles, known.count.citation
