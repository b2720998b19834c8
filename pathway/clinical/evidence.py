"""The sources every rule of the pathway names, and how far each statement was checked against its source.

A source's `title` is the short name people know it by, not the full title of the publication.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Tag(StrEnum):
    """How a statement is supported."""

    SOURCE_READ = "S"
    """The source's own text was read."""
    UNVERIFIED = "M"
    """General knowledge of the field, not checked against the source; every answer that uses it says so."""
    DESIGN = "D"
    """A choice of this project, not a published rule."""


@dataclass(frozen=True, slots=True)
class Source:
    """A publication, label, registry entry or agreed scale; `doi` without its resolver's address."""

    key: str
    title: str
    reference: str
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a source, how far it was checked, and optionally what it says there."""

    source: Source
    tag: Tag
    where: str
    statement: str = ""

    @property
    def verified(self) -> bool:
        """False exactly for what was not checked against the source."""
        return self.tag is not Tag.UNVERIFIED

    @property
    def label(self) -> str:
        """One line for people, for instance `Park 2017, Table 5 (unverified)`."""
        place = f"{self.source.title}, {self.where}" if self.where else self.source.title
        return place if self.verified else f"{place} (unverified)"

    def as_dict(self) -> dict[str, str | bool | None]:
        """The citation as answers carry it."""
        return {
            "source": self.source.title,
            "reference": self.source.reference,
            "doi": self.source.doi,
            "where": self.where,
            "tag": self.tag.value,
            "verified": self.verified,
        }


def cite(source: Source, tag: Tag, where: str = "", statement: str = "") -> Citation:
    """A citation, in the order in which it is read aloud."""
    return Citation(source, tag, where, statement)


PROJECT_DESIGN: Final = Source(
    "project_design", "This project's choice", "Design of this service, not a publication"
)
FIELD_KNOWLEDGE: Final = Source(
    "field_knowledge", "General knowledge of the field", "No source read; to be confirmed by a clinician"
)
REVIEW: Final = Source(
    "review",
    "Immunotherapy review",
    "Molecular mechanisms and clinical possibilities of immunotherapy for neuroblastoma in children",
)
NCI_PDQ_2025: Final = Source(
    "nci_pdq_2025", "NCI PDQ 2025", "Neuroblastoma treatment, health professional version"
)

# Response
PARK_2017: Final = Source(
    "park_2017",
    "Park 2017",
    "International Neuroblastoma Response Criteria (INRC); J Clin Oncol 2017;35:2580-2587; PMC5676955",
    "10.1200/JCO.2016.72.0177",
)
ADY_1995: Final = Source("ady_1995", "Ady 1995", "Relative MIBG score")
PCDC_DICTIONARY: Final = Source(
    "pcdc_dictionary", "INRG/PCDC data dictionary", "Pediatric Cancer Data Commons, versions 1.2 and 1.3"
)

# Relapse and prognosis
KUSHNER_2009: Final = Source("kushner_2009", "Kushner 2009", "J Clin Oncol 2009;27:1041")
UK_RELAPSE: Final = Source("uk_relapse", "UK relapse series", "High-risk relapses after 2000; PMC5117794")
KREITZ_2019: Final = Source("kreitz_2019", "Kreitz 2019", "Prognostic score at relapse", "10.1002/cam4.2562")

# GD2
SCHUMACHER_KUCKELKORN_2017: Final = Source(
    "schumacher_kuckelkorn_2017",
    "Schumacher-Kuckelkorn 2017",
    "GD2 negativity in bone marrow; Pediatr Blood Cancer, pbc.26184",
    "10.1002/pbc.26184",
)
JCM_2023_FLOW: Final = Source("jcm_2023_flow", "GD2 flow assay 2023", "J Clin Med 2023; PMID 37834874")

# Chemoimmunotherapy
MODY_2017: Final = Source("mody_2017", "Mody 2017", "ANBL1221; Lancet Oncol 2017;18:946")
MODY_2020: Final = Source(
    "mody_2020", "Mody 2020", "ANBL1221; J Clin Oncol 2020;38:2160", "10.1200/JCO.20.00203"
)
LERMAN_2023: Final = Source(
    "lerman_2023", "Lerman 2023", "Chemoimmunotherapy at first relapse; J Clin Oncol 2023;41:508"
)
ANBL1821: Final = Source("anbl1821", "ANBL1821", "ASCO 2025, abstract 10001; NCT03794349")
GRAY_2026: Final = Source(
    "gray_2026",
    "Gray 2026",
    "BEACON-Immuno; J Clin Oncol 2026;44:176; NCT02308527",
    "10.1200/JCO-25-01868",
)
MORENO_2024: Final = Source("moreno_2024", "Moreno 2024", "BEACON; J Clin Oncol 2024;42:1135")
RAISER_2024: Final = Source("raiser_2024", "Raiser 2024", "Eur J Cancer 2024;202:114001")
LODE_2023_N5_N6: Final = Source("lode_2023_n5_n6", "Lode 2023 (N5/N6)", "Cancers 2023;15:3364")
LODE_2023_LTI: Final = Source(
    "lode_2023_lti",
    "Lode 2023 (long-term infusion)",
    "Br J Cancer 2023;129:1780",
    "10.1038/s41416-023-02457-x",
)
HITS: Final = Source("hits", "Modak 2022 (HITS)", "ASCO 2022, abstract 10028; NCT03189706")
MORA_2025: Final = Source("mora_2025", "Mora 2025", "Nat Commun 2025;16:1636", "10.1038/s41467-025-56619-x")
OLGUN_2022: Final = Source(
    "olgun_2022", "Olgun 2022", "Front Oncol 2022, fonc.2022.1041443", "10.3389/fonc.2022.1041443"
)
WIECZOREK_2023: Final = Source(
    "wieczorek_2023", "Wieczorek 2023", "Front Oncol 2023, fonc.2023.1082771", "10.3389/fonc.2023.1082771"
)
GONG_2025: Final = Source("gong_2025", "Gong 2025", "Extended cycles; Oncol Lett 2025, ol.2025.15438")
HERD_2019: Final = Source(
    "herd_2019", "Herd 2019", "Systematic review of re-induction", "10.1016/j.ejca.2018.12.032"
)

# Maintenance and consolidation
LADENSTEIN_2018: Final = Source(
    "ladenstein_2018", "Ladenstein 2018", "HR-NBL1/SIOPEN; Lancet Oncol 2018;19:1617"
)
YU_2021: Final = Source("yu_2021", "Yu 2021", "ANBL0032, as given in NCI PDQ")
BLOM_2021: Final = Source("blom_2021", "Blom 2021", "Front Oncol 2021", "10.3389/fonc.2020.601076")
FLAADT_2023: Final = Source(
    "flaadt_2023", "Flaadt 2023", "After haploidentical transplant; J Clin Oncol 2023;41:3135"
)
CNS_RELAPSE_2023: Final = Source(
    "cns_relapse_2023",
    "CNS relapse series 2023",
    "Dinutuximab beta after transplant; J Clin Med 2023, jcm12196196",
)
KUSHNER_2025: Final = Source("kushner_2025", "Kushner 2025", "Naxitamab and GM-CSF as consolidation")
MABS_2018: Final = Source("mabs_2018", "SIOPEN schedule 2018", "mAbs 2018;10:55")
NHS_DIN1: Final = Source("nhs_din1", "NHS England DIN1", "Approval form for dinutuximab beta, first line")

# Local control
CASEY_2018: Final = Source(
    "casey_2018",
    "Casey 2018",
    "Radiotherapy to metastatic sites; Int J Radiat Oncol Biol Phys, ijrobp.2018.01.008",
    "10.1016/j.ijrobp.2018.01.008",
)

# Cells
DEL_BUFALO_2023: Final = Source(
    "del_bufalo_2023", "Del Bufalo 2023", "GD2-CART01; N Engl J Med 2023;388:1284"
)
LOCATELLI_2025: Final = Source(
    "locatelli_2025", "Locatelli 2025", "GD2-CART01, final; Nat Med 2025", "10.1038/s41591-025-03874-6"
)
NCT03373097: Final = Source("nct03373097", "NCT03373097", "GD2-CART01, registry entry")
NCT07027748: Final = Source("nct07027748", "NCT07027748", "Registry entry, eligibility")
GD2_CAR_REGISTRY: Final = Source(
    "gd2_car_registry", "Autologous GD2 CAR-T trial", "Eligibility of a Chinese trial as listed on medifind"
)
GD2_CAR_LITERATURE: Final = Source(
    "gd2_car_literature", "GD2 CAR literature collection", "Public repository of published GD2 CAR-T trials"
)
STRAATHOF_2020: Final = Source("straathof_2020", "Straathof 2020", "1RG-CART")

# Safety
QARZIBA_EMA: Final = Source("qarziba_ema", "Qarziba label (EMA)", "Summary of product characteristics, EMA")
QARZIBA_UK: Final = Source(
    "qarziba_uk", "Qarziba label (UK)", "Prescribing information as listed by Medscape UK"
)
QARZIBA_SWISS: Final = Source("qarziba_swiss", "Qarziba label (Swiss)", "Fachinformation 67463")
UNITUXIN_LABEL: Final = Source("unituxin_label", "Unituxin label", "FDA 2020; tables as in PMC7523913")
DANYELZA_LABEL: Final = Source("danyelza_label", "Danyelza label", "FDA prescribing information")
CTCAE_V5: Final = Source("ctcae_v5", "CTCAE v5.0", "Common Terminology Criteria for Adverse Events, NCI")
LEE_2019: Final = Source(
    "lee_2019", "Lee 2019 (ASTCT)", "Consensus grading of CRS and ICANS, as in PMC9327779"
)
MAHADEO_2019: Final = Source("mahadeo_2019", "Mahadeo 2019", "Paediatric CAR-T toxicity, hypotension table")
BARONE_2021: Final = Source("barone_2021", "Barone 2021", "Paediatr Drugs 2021;23:537")

SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {value.key: value for value in tuple(globals().values()) if isinstance(value, Source)}
)
"""Every source by its key."""
