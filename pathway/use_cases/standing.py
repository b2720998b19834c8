"""An episode as it stood: as known at an instant, asked on a day. What every read begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pathway.engine.definition import Pathway
from pathway.engine.fold import fold
from pathway.engine.recommendation import Recommendation, basis_of, recommend
from pathway.episodes.episode import Episode
from pathway.episodes.log import Entry, effective_history
from pathway.store.identifiers import is_identifier
from pathway.store.values import Summary
from pathway.use_cases.draft import entry_of
from pathway.use_cases.installation import Caller, Installation, today_in
from pathway.use_cases.permissions import Operation
from pathway.use_cases.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Standing:
    """The episode of `summary` with the facts known at an instant; `digest` is over just those."""

    summary: Summary
    pathway: Pathway
    episode: Episode
    digest: str
    as_of: date
    head: tuple[int, str]
    """Sequence and hash of the last entry known by then."""

    def recommendation(self) -> Recommendation:
        """What the pathway says next."""
        return recommend(self.pathway, self.episode, self.as_of)

    def basis(self, engine: str) -> str:
        """What a decision on the recommendation has to quote."""
        return basis_of(self.pathway, engine, self.as_of, self.digest)


def summary_of(installation: Installation, caller: Caller, operation: Operation, episode_id: str) -> Summary:
    """The summary row of one of the caller's episodes, for this operation on it. Raises `Refusal`."""
    return existing(installation.readers.summary(*readable(caller, operation, episode_id)))


def readable(caller: Caller, operation: Operation, episode_id: str) -> tuple[str, str]:
    """Where the episode stands, if it is there. Raises `Refusal` when the caller may not do this, or it is no id."""
    caller.require(operation)
    if not is_identifier(
        episode_id
    ):  # it may hold what no database takes, and is asked for together with others
        raise _unknown()
    return caller.site_id, episode_id


def existing(summary: Summary | None) -> Summary:
    """The summary row that was looked for. Raises `Refusal` when it was not found."""
    if summary is None:
        raise _unknown()
    return summary


def _unknown() -> Refusal:
    return Refusal("unknown_episode", "This site has no episode with this id.")


def log_of(installation: Installation, summary: Summary) -> list[Entry]:
    """Every entry of the episode."""
    return [entry_of(stored) for stored in installation.readers.entries(summary.site_id, summary.episode_id)]


def standing_of(
    installation: Installation, summary: Summary, known_at: datetime | None, as_of: date | None
) -> Standing:
    """The episode with what had been recorded by `known_at` (all, when None), asked on `as_of` (today).

    Raises `Refusal` when the episode had not been opened by then.
    """
    pathway = installation.pathway(summary.pathway_id, summary.pathway_version)
    day = as_of or today_in(summary.time_zone, installation.clock())
    if known_at is None and summary.engine == installation.engine:
        head = summary.head_sequence, summary.head_hash
        return Standing(
            summary, pathway, Episode.from_json(summary.snapshot), summary.facts_digest, day, head
        )
    log = installation.readers.entries(summary.site_id, summary.episode_id)
    known = [entry for entry in log if known_at is None or entry.recorded_at <= known_at]
    if not known:
        raise Refusal("unknown_episode", "Nothing was known of this episode by then.")
    folded = fold(pathway, effective_history(map(entry_of, known), ZoneInfo(summary.time_zone)))
    head = known[-1].sequence, known[-1].hash
    return Standing(summary, pathway, folded.episode, folded.digest, day, head)
