"""What the pathway says next for one episode on one day, and why.

A recommendation is made of the episode's findings and of the outcome of its state's table. `document` is
the whole answer people and systems read; `trace` is the short form that is kept with each entry, from which
the answer can be derived again under the same engine and definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pathway.engine.definition import Noticed, Pathway, Prompt, Row
from pathway.engine.explanation import guard_shown, options_shown
from pathway.engine.findings import Finding, Found, in_words
from pathway.engine.guards import Guard
from pathway.engine.outcome import OBTAIN, Outcome, Status, findings_of, outcome_of
from pathway.engine.response import response_shown
from pathway.engine.schedule import Due, due_steps
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Stamp
from pathway.proof.canonical import digest


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The next step of one episode on the day `as_of`."""

    pathway: Pathway
    episode: Episode
    as_of: date
    found: Mapping[Finding, Found]
    outcome: Outcome
    due: tuple[Due, ...]

    def status(self, option: str) -> Status:
        """Whether an option is recommended, possible or blocked; an option the pathway lacks is blocked."""
        return self.outcome.statuses.get(option, "blocked")

    @property
    def recommended(self) -> str | None:
        """The recommended option; None when the tumour board chooses or nothing is due."""
        return self.outcome.recommended

    @property
    def next_due(self) -> Due | None:
        """The step that is due first."""
        return self.due[0] if self.due else None

    def trace(self) -> dict[str, Any]:
        """The short form kept with an entry: enough to compare two recommendations, or to derive this again."""
        return {
            "as_of": self.as_of.isoformat(),
            "state": self.episode.state,
            "rows": [row.number for row in self.outcome.rows],
            "recommended": self.recommended,
            "needs_tumour_board": self.outcome.needs_tumour_board,
            "possible": [name for name, status in self.outcome.statuses.items() if status == "possible"],
            "findings": {finding.name: found.value for finding, found in self.found.items()},
        }

    def document(self, basis: str) -> dict[str, Any]:
        """The whole answer as JSON values; `basis` is what a decision on it has to quote."""
        state = self.pathway.state(self.episode.state)
        shown: dict[str, Any] = {
            "pathway": {"id": self.pathway.id, "version": self.pathway.version},
            "state": state.name,
            "state_label": state.label,
            "as_of": self.as_of.isoformat(),
            "basis": basis,
            "recommended": self.recommended,
            "needs_tumour_board": self.outcome.needs_tumour_board,
            "summary": self.summary(),
            "rows": [self._row(row) for row in self.outcome.rows],
            "options": self._options(),
            "missing": [self._missing(finding, names) for finding, names in self.outcome.obtain.items()],
            "due": [due.as_dict(self.as_of) for due in self.due],
            "checklists": [
                {
                    "checklist": each.name,
                    "label": each.label,
                    "criteria": each.as_list(self.episode, self.as_of),
                }
                for each in state.checklists
            ],
            "prompts": list(self._prompts()),
            "notes": list(dict.fromkeys(note for row in self.outcome.rows for note in row.notes)),
        }
        if (timepoint := self.episode.timepoint) is not None:
            shown["response"] = response_shown(self.episode, timepoint)
        return shown

    def summary(self) -> str:
        """The recommendation in one or two sentences."""
        if self.recommended is not None:
            return f"Recommended: {self._step(self.recommended)}."
        if self.outcome.needs_tumour_board:
            row = self.outcome.rows[0]
            names = [
                self.pathway.option(offer.option).label
                for offer in row.offers
                if self.status(offer.option) == "possible"
            ]
            undecided = row.tumour_board and row.undecided
            why = "The field is undecided here" if undecided else "The pathway recommends nothing here"
            return f"{why}: the tumour board chooses among {', '.join(names)}.{self._open_once_known(row)}"
        return "Nothing is due."

    def _open_once_known(self, row: Row) -> str:
        """The options closed by nothing but what nobody recorded: who reads the open ones alone takes them for all."""
        told: dict[str, list[str]] = {}
        for name in dict.fromkeys(offer.option for offer in row.offers):
            wanted = [finding.label for finding, names in self.outcome.obtain.items() if name in names]
            if wanted and self.status(name) == "blocked":
                told.setdefault(" and ".join(wanted), []).append(self.pathway.option(name).label)
        waiting = (f"for {wanted}: {', '.join(names)}" for wanted, names in told.items())
        return f" Not closed, but waiting {'; '.join(waiting)}." if told else ""

    def _step(self, name: str) -> str:
        """What is recommended, as this episode needs it."""
        option, offer = self.pathway.option(name), self.outcome.offers[name]
        if name == OBTAIN:
            wanted = ", ".join(finding.label for finding in self._decisive())
            return offer.remark or (f"{option.label}, namely {wanted}" if wanted else option.label)
        step = option.step(self.episode) if option.step else option.label
        return f"{step} ({offer.remark})" if offer.remark else step

    def _decisive(self) -> list[Finding]:
        """Of what is missing that on which the recommendation waits; what only other options hang on comes later."""
        obtain, rows = self.outcome.obtain, self.outcome.rows
        wished = rows[0].recommended.option if len(rows) == 1 and rows[0].recommended else None
        if wished == OBTAIN:
            first = [finding for finding in obtain if finding in rows[0].obtains]
        else:
            first = [finding for finding, names in obtain.items() if wished in names]
        return first or list(obtain)

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "row": row.number,
            "sentence": row.sentence,
            "recommends": row.recommended.option if row.recommended else None,
            "guards": [self._guard(guard) for guard in row.when],
            "because": [citation.as_dict() for citation in row.because],
        }

    def _options(self) -> list[dict[str, Any]]:
        values = tuple(found.value for found in self.found.values())
        return [
            {**shown, "guards": [self._guard(guard) for guard in guards]}
            for shown, guards in options_shown(self.pathway, self.episode.state, values)
        ]

    def urgent(self) -> tuple[str, ...]:
        """What a person has to see to at once, each sentence once."""
        told = (prompt.sentence for prompt, noticed in self._noticed() if prompt.urgent and noticed)
        return tuple(dict.fromkeys(told))

    def _noticed(self) -> Iterator[tuple[Prompt, Sequence[Noticed]]]:
        """What each prompt that concerns this state finds, the urgent first."""
        state = self.pathway.state(self.episode.state)
        for prompt in sorted(self.pathway.prompts, key=lambda each: not each.urgent):
            here = self.episode.state in prompt.states if prompt.states else not state.suspends
            if here:
                yield prompt, tuple(prompt.read(self.episode, self.as_of))

    def _prompts(self) -> Iterator[dict[str, Any]]:
        """What a person is told beside the next step, the urgent first."""
        for prompt, found in self._noticed():
            for noticed in found:
                shown: dict[str, Any] = {"prompt": prompt.name, "sentence": prompt.sentence}
                if noticed.detail:
                    shown["detail"] = in_words(noticed.detail)
                if noticed.at is not None:
                    shown["rests_on"] = _rests_on(noticed.at)
                shown |= {"urgent": prompt.urgent, "because": (noticed.because or prompt.because).as_dict()}
                yield shown

    def _guard(self, guard: Guard) -> dict[str, Any]:
        found = self.found.get(guard.finding) or guard.finding.of(self.episode, self.as_of)
        return {**guard_shown(guard, found.value), **_found_shown(found)}

    def _missing(self, finding: Finding, options: tuple[str, ...]) -> dict[str, Any]:
        found = self.found[finding]
        shown: dict[str, Any] = {
            "finding": finding.name,
            "label": finding.label,
            "now": found.value,
            "sentence": finding.request or f"Record {finding.label}.",
            "options": list(options),
        }
        shown |= _found_shown(found)
        if self.next_due is not None and self.next_due.target is not None:
            shown["due"] = max(self.as_of, self.next_due.target).isoformat()
        return shown


def _found_shown(found: Found) -> dict[str, Any]:
    """What a finding's value rests on: its words, its fact, and its own source where it has one."""
    shown: dict[str, Any] = {}
    if found.shown:
        shown["shown"] = in_words(found.shown)
    if found.at is not None:
        shown["rests_on"] = _rests_on(found.at)
    if found.because is not None:
        shown["found_because"] = found.because.as_dict()
    return shown


def _rests_on(at: Stamp) -> dict[str, str]:
    return {"entry": at.entry, "on": at.on.isoformat()}


def recommend(pathway: Pathway, episode: Episode, as_of: date) -> Recommendation:
    """What comes next for `episode` on the day `as_of`."""
    findings = findings_of(pathway, episode.state)
    found = {finding: finding.of(episode, as_of) for finding in findings}
    outcome = outcome_of(pathway, episode.state, tuple(each.value for each in found.values()))
    return Recommendation(pathway, episode, as_of, found, outcome, due_steps(pathway, episode))


def basis_of(pathway: Pathway, engine: str, as_of: date, facts_digest: str) -> str:
    """What a decision quotes: the SHA-256 over the pathway, the engine, the day and the facts it rests on."""
    return digest(
        {
            "pathway": pathway.id,
            "version": pathway.version,
            "content_hash": pathway.content_hash,
            "engine": engine,
            "as_of": as_of.isoformat(),
            "facts_digest": facts_digest,
        }
    )
