"""What the sources say and this pathway does not do, each with the reason."""

from __future__ import annotations

from typing import Final

from pathway.clinical import evidence as e
from pathway.clinical.evidence import Source, Tag, cite
from pathway.engine.chapters import Remark


def _left(what: str, because: str, source: Source, where: str, tag: Tag = Tag.SOURCE_READ) -> Remark:
    return Remark(what, because, cite(source, tag, where))


_M, _D = Tag.UNVERIFIED, Tag.DESIGN

NOT_ENCODED: Final = (
    _left(
        "Doses, premedication, and rates of infusion but those at which a label resumes",
        "The service neither orders nor calculates doses; they stand in labels and protocols.",
        e.PROJECT_DESIGN,
        "no dosing",
        _D,
    ),
    _left(
        "A number from which GD2 is positive",
        "None was found, and no label has one: the class that the laboratory gives is used.",
        e.FIELD_KNOWLEDGE,
        "GD2 testing: labels and cut-off",
        _M,
    ),
    _left(
        "A recommendation by ALK, MYCN, FCGR or NK cells",
        "No source says on which value to do what; each is shown beside the options it informs.",
        e.REVIEW,
        "choice between antibody and cells",
    ),
    _left(
        "Image-defined risk factors, and how much radiation a site still tolerates",
        "A person judges whether local control is feasible; even readers of images agreed in only 51.9 %, and no number "
        "triggers it.",
        e.NCI_PDQ_2025,
        "image-defined risk factors, COG trial of intermediate risk",
    ),
    _left(
        "The pattern of stage 4S in an infant",
        "It is no progression; infants are left to the tumour board, for the pathway was written for older children.",
        e.NCI_PDQ_2025,
        "INRC: stage 4S",
    ),
    _left(
        "Who pays for an antibody, or for a second one",
        "It differs by country; a form for the first line is no rule for a relapse. The prompt says so.",
        e.NHS_DIN1,
        "no earlier anti-GD2 antibody, first line",
    ),
    _left(
        "A switch from interleukin 2, and what GM-CSF is given with",
        "The agents of a regimen are told with it; no source says when to change them.",
        e.NHS_DIN1,
        "no IL-2 beside dinutuximab beta",
    ),
    _left(
        "Removal of the central line",
        "No source that was read says when.",
        e.PROJECT_DESIGN,
        "open questions",
        _D,
    ),
    _left(
        "What part of an aborted cycle was given",
        "No fact tells it. An aborted cycle counts to the next assessment, and leaves it open whether it counts to the "
        "limit.",
        e.PROJECT_DESIGN,
        "cycles: aborted before the antibody",
        _D,
    ),
    _left(
        "The 84 days for which a marrow that was free need not be repeated",
        "What a line is compared with keeps what was found and not its day. A free marrow that was not sampled again is "
        "flagged, and complete response waits for it, however long ago it was.",
        e.PROJECT_DESIGN,
        "how long a fact counts",
        _D,
    ),
    _left(
        "A transfusion as an end of counts and of serology",
        "No fact tells of transfusions; counts last three days.",
        e.PROJECT_DESIGN,
        "how long a fact counts",
        _D,
    ),
    _left(
        "The heart before N5 and N6",
        "No source that was read has a limit; the ejection fraction is held against the criteria for cells alone.",
        e.PROJECT_DESIGN,
        "how long a fact counts",
        _D,
    ),
    _left(
        "Admission to hospital as an end of a performance status",
        "No fact tells of an admission; a severe side effect ends it.",
        e.PROJECT_DESIGN,
        "how long a fact counts",
        _D,
    ),
    _left(
        "Age-specific scales of pain",
        "A grade is recorded as the team gives it; no source that was read gives a scale by age.",
        e.PROJECT_DESIGN,
        "open questions",
        _D,
    ),
    _left(
        "A prognostic score",
        "It tells an outlook and no step; the service is not a statistical model.",
        e.KREITZ_2019,
        "abstract",
    ),
    _left(
        "When a lesion is measurable",
        "These are limits for entering a trial; whoever reads the scan says what was measured, an irradiated site "
        "included.",
        e.NCT07027748,
        "eligibility: measurable disease",
    ),
    _left(
        "The number of target lesions",
        "A report gives the sum of diameters; which lesions make it up is not told apart.",
        e.PARK_2017,
        "Table 3: target lesions",
        _M,
    ),
    _left(
        "Urinary catecholamines",
        "They are no part of the response.",
        e.NCI_PDQ_2025,
        "INRC: catecholamines",
    ),
    _left(
        "Rates of response, and whether MR counts",
        "The service rates one child; trials differ in whether a minor response counts, which is why MR is kept apart.",
        e.ANBL1821,
        "abstract",
    ),
    _left(
        "A second scan to confirm a response",
        "No published demand for it was found; a central reading is recorded and changes nothing.",
        e.PROJECT_DESIGN,
        "INRC: confirmation",
        _D,
    ),
    _left(
        "How a scan is scored",
        "The scores are those of the reader; the service compares them and does not read images.",
        e.PARK_2017,
        "relative score",
        _M,
    ),
    _left(
        "CAR-T cells: doses of the cells and of lymphodepletion",
        "They are the protocol's; those of GD2-CART01 are not public.",
        e.GD2_CAR_LITERATURE,
        "lymphodepletion, dose",
    ),
    _left(
        "CAR-T cells: relapse proved by a positive MIBG scan",
        "The pathway begins with a confirmed progression or refractory disease; how it was shown is on record there.",
        e.NCT03373097,
        "inclusion",
    ),
    _left(
        "CAR-T cells: infection serology, earlier side effects of cyclophosphamide and fludarabine, expected survival",
        "No fact carries them: the statement of a person who finds the child eligible answers them.",
        e.PROJECT_DESIGN,
        "eligibility for CAR-T cells: how long a statement counts",
        _D,
    ),
    _left(
        "CAR-T cells: a number for low disease burden, and days of washout of an antibody",
        "None was published; both are told where the bridge is chosen, and a person judges them.",
        e.LOCATELLI_2025,
        "low disease burden",
    ),
    _left(
        "CAR-T cells: other products and NKT cells",
        "They have no table of criteria that was read; only what both tables ask for is looked at.",
        e.GD2_CAR_LITERATURE,
        "other GD2 CAR trials",
    ),
)
"""What is left out, why, and where it is said."""
