"""Who may do what: one table from operations to the permission they need, one from roles to what they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a person or a system is at a site."""

    INTEGRATION = "integration"
    COORDINATOR = "coordinator"
    CLINICIAN = "clinician"
    AUDITOR = "auditor"
    PATHWAY_OWNER = "pathway_owner"
    OPERATOR = "operator"


class Operation(StrEnum):
    """What can be done, under the name that audit records and the description of the calls have for it.

    The last ones are done within another operation, and need more than it does.
    """

    OPEN_AN_EPISODE = "open_an_episode"
    RECORD_WHAT_HAPPENED = "record_what_happened"
    DECIDE_ON_AN_OPTION = "decide_on_an_option"
    SIGN_A_DECISION = "sign_a_decision"
    ANSWER_A_REVIEW_TASK = "answer_a_review_task"
    FIND_EPISODES_OF_A_PATIENT = "find_episodes_of_a_patient"
    READ_AN_EPISODE = "read_an_episode"
    READ_THE_HISTORY = "read_the_history"
    COMPARE_WHAT_WAS_KNOWN = "compare_what_was_known"
    READ_THE_NEXT_STEP = "read_the_next_step"
    SUPPOSE_SOMETHING_HAPPENED = "suppose_something_happened"
    READ_THE_WORKLIST = "read_the_worklist"
    SUBSCRIBE_TO_THE_WORKLIST = "subscribe_to_the_worklist"
    READ_THE_COHORT = "read_the_cohort"
    PROVE_AN_EPISODE = "prove_an_episode"
    VERIFY_AN_EPISODE = "verify_an_episode"
    READ_THE_AUDIT_RECORDS = "read_the_audit_records"
    LIST_THE_PATHWAYS = "list_the_pathways"
    DESCRIBE_A_PATHWAY = "describe_a_pathway"
    DRAW_A_PATHWAY = "draw_a_pathway"
    WORK_OUT_A_RESPONSE = "work_out_a_response"
    ERASE_A_PATIENT = "erase_a_patient"
    HOLD_A_PATIENT = "hold_a_patient"
    RELEASE_A_PATIENT = "release_a_patient"
    IS_READY = "is_ready"
    READ_METRICS = "read_metrics"

    NAME_A_PATIENT = "name_a_patient"
    STATE_WHAT_A_PERSON_FOUND = "state_what_a_person_found"
    TAKE_BACK_A_PERSONS_WORD = "take_back_a_persons_word"
    OVERRIDE_A_STOP = "override_a_stop"
    TAKE_BACK_A_STOP = "take_back_a_stop"


NEEDS: Final[Mapping[Operation, str]] = MappingProxyType(
    {
        Operation.OPEN_AN_EPISODE: "events.write",
        Operation.RECORD_WHAT_HAPPENED: "events.write",
        Operation.DECIDE_ON_AN_OPTION: "decisions.write",
        Operation.SIGN_A_DECISION: "overrides.sign",
        Operation.ANSWER_A_REVIEW_TASK: "decisions.write",
        Operation.FIND_EPISODES_OF_A_PATIENT: "episodes.read",
        Operation.READ_AN_EPISODE: "episodes.read",
        Operation.READ_THE_HISTORY: "episodes.read",
        Operation.COMPARE_WHAT_WAS_KNOWN: "episodes.read",
        Operation.READ_THE_NEXT_STEP: "episodes.read",
        Operation.SUPPOSE_SOMETHING_HAPPENED: "episodes.read",
        Operation.READ_THE_WORKLIST: "episodes.read",
        Operation.SUBSCRIBE_TO_THE_WORKLIST: "episodes.read",
        # Counts of many courses name nobody: the owner of a pathway, who opens no episode, learns from them what
        # its rules lead to. A system, which comes with single courses, has no use for them.
        Operation.READ_THE_COHORT: "cohorts.read",
        Operation.PROVE_AN_EPISODE: "episodes.read",
        Operation.VERIFY_AN_EPISODE: "episodes.read",
        Operation.READ_THE_AUDIT_RECORDS: "audit.read",
        Operation.LIST_THE_PATHWAYS: "pathways.read",
        Operation.DESCRIBE_A_PATHWAY: "pathways.read",
        Operation.DRAW_A_PATHWAY: "pathways.read",
        Operation.WORK_OUT_A_RESPONSE: "pathways.read",
        Operation.ERASE_A_PATIENT: "patients.erase",
        Operation.HOLD_A_PATIENT: "patients.erase",
        Operation.RELEASE_A_PATIENT: "patients.erase",
        Operation.IS_READY: "operations",
        Operation.READ_METRICS: "operations",
        Operation.NAME_A_PATIENT: "identifiers.read",
        Operation.STATE_WHAT_A_PERSON_FOUND: "decisions.write",
        Operation.TAKE_BACK_A_PERSONS_WORD: "decisions.write",
        Operation.OVERRIDE_A_STOP: "overrides.sign",
        Operation.TAKE_BACK_A_STOP: "overrides.sign",
    }
)
"""The permission without which an operation is refused."""

GIVES: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        Role.INTEGRATION: frozenset({"episodes.read", "events.write", "pathways.read"}),
        Role.COORDINATOR: frozenset(
            {
                "episodes.read",
                "cohorts.read",
                "identifiers.read",
                "events.write",
                "decisions.write",
                "pathways.read",
            }
        ),
        Role.CLINICIAN: frozenset(
            {
                "episodes.read",
                "cohorts.read",
                "identifiers.read",
                "events.write",
                "decisions.write",
                "overrides.sign",
                "pathways.read",
            }
        ),
        Role.AUDITOR: frozenset({"episodes.read", "cohorts.read", "audit.read", "pathways.read"}),
        Role.PATHWAY_OWNER: frozenset({"cohorts.read", "pathways.read", "pathways.publish"}),
        Role.OPERATOR: frozenset({"operations", "patients.erase", "pathways.read"}),
    }
)
"""What each role may do at its own site; at another site nobody may do anything."""

SIGNATURES: Final = frozenset({"overrides.sign"})
"""What only a person gives: two accounts of systems that were made clinicians are not two clinicians."""


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """What several roles together may do; with an integration among them a system acts, and signs nothing."""
    together = frozenset(roles)
    given = frozenset[str]().union(*(GIVES[role] for role in together))
    return given - SIGNATURES if Role.INTEGRATION in together else given


def roles_for(operation: Operation) -> tuple[Role, ...]:
    """The roles which, each by itself, may do this."""
    return tuple(role for role in Role if NEEDS[operation] in GIVES[role])
