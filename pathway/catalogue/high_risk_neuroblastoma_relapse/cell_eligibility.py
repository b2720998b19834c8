"""May the child be given GD2 CAR-T cells: what the product asks for, each held against what was recorded.

A person's statement of eligibility answers what no value answers. It never outweighs a value that was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from pathway.catalogue.high_risk_neuroblastoma_relapse import thresholds as t
from pathway.catalogue.high_risk_neuroblastoma_relapse.findings import gd2
from pathway.clinical.car_t_eligibility import (
    COMMON,
    DISEASE_DAYS,
    KARNOFSKY_ABOVE_YEARS,
    LEAST_PERFORMANCE,
    PERFORMANCE_DAYS,
    PRODUCTS,
    SEROLOGY_DAYS,
    STEROID_DAYS,
    WASHOUT_DAYS,
    AgeWindow,
    Limit,
    Product,
    product_of,
)
from pathway.clinical.cycle_gate import (
    BEDSIDE_DAYS,
    MEASURED_GFR_DAYS,
    OUTDATING,
    PREGNANCY_TEST_DAYS,
    Since,
)
from pathway.clinical.evidence import PROJECT_DESIGN, Citation, Tag, cite
from pathway.clinical.side_effects import is_blood_count, plain_term
from pathway.clinical.terms import is_anti_gd2
from pathway.engine.checklists import Checklist, Criterion, Held
from pathway.episodes.episode import Episode
from pathway.episodes.facts import Noted, Stamp

Reading = Callable[[Episode, date], Held | None]

NOT_MERGED: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "eligibility for CAR-T cells is a table per product")
_EPITOPE: Final = cite(
    PROJECT_DESIGN, Tag.DESIGN, "antibody washout where the receptor shares the antibody's epitope"
)
_SEROLOGY: Final = cite(PROJECT_DESIGN, Tag.DESIGN, "infection serology counts for 30 days before apheresis")
_DAYS_IN_A_MONTH: Final = Decimal("30.4375")


def table_of(episode: Episode) -> Product:
    """The table of the product that was named; what both ask for where it has none, or none was named."""
    named = episode.car_t.get("product")
    return (product_of(named.value) if named else None) or COMMON


def outdated_since(episode: Episode, noted: Noted) -> str | None:
    """What has happened since a statement of eligibility that ends it."""
    for what, at in (
        ("the latest progression", episode.progressed),
        ("the present line of therapy began", episode.line_began),
        ("the decision for this bridge", episode.bridge_began),
    ):
        if at is not None and at.on > noted.at.on:
            return what
    return None


def statement(episode: Episode, as_of: date) -> tuple[Noted | None, str]:
    """The statement of eligibility that counts on the day, or none and why there is none."""
    noted = episode.car_t.get("eligible")
    if noted is None:
        return None, "not decided"
    if (since := outdated_since(episode, noted)) is not None:
        return None, f"found eligible before {since}"
    if not noted.at.exact:
        return None, "found eligible on a day that is not known"
    days = t.ELIGIBILITY_DAYS.value
    if as_of > noted.at.on + timedelta(days=days):
        return None, f"found eligible more than {days} days ago"
    return noted, "found eligible"


def _by_a_person(episode: Episode, as_of: date, told: str, since: Stamp | None = None) -> Held:
    """Met when a person stated the eligibility with what is told here in view; otherwise missing."""
    stated, _ = statement(episode, as_of)
    if stated is None or (since is not None and since.on > stated.at.on):
        return Held("missing", told, since)
    return Held("met", f"{told}; answered by the statement of eligibility", stated.at)


def _aged(noted: Noted, as_of: date, days: int, told: str) -> Held | None:
    """What stands in place of a value that no longer counts; None while it does."""
    if not noted.at.exact:
        return Held("missing", f"{told}, on a day that is not known", noted.at)
    if as_of > noted.at.on + timedelta(days=days):
        return Held("stale", f"{told}, older than {days} {'day' if days == 1 else 'days'}", noted.at)
    return None


def _outdated(since: Since | None, episode: Episode, at: Stamp) -> bool:
    if since is None:
        return False
    told = (each for each in episode.toxicities.values() if plain_term(each.term) in OUTDATING[since])
    return any(each.at.on > at.on for each in told)


_ANTHRACYCLINES: Final = frozenset({"doxorubicin", "daunorubicin", "epirubicin", "idarubicin"})


def _on_the_heart(episode: Episode, measured: Stamp) -> str | None:
    """What was given or has happened since the heart was measured that may have changed it."""
    crs = episode.car_t.get("crs")
    if crs is not None and crs.at.on > measured.on:
        return "CRS"
    began = episode.cycles.last_started
    given = began is not None and began.on > measured.on and not _ANTHRACYCLINES.isdisjoint(episode.agents)
    return "a cycle with an anthracycline" if given else None


def _limit(limit: Limit) -> Reading:
    def read(episode: Episode, as_of: date) -> Held:
        noted = episode.fitness.get(limit.value)
        if noted is None:
            return Held("missing", "not recorded")
        measured = episode.fitness.get("gfr_measured")
        lasts = measured is not None and measured.value == "true" and measured.at == noted.at
        days = MEASURED_GFR_DAYS if limit.value == "gfr_ml_min_173" and lasts else limit.days
        if (aged := _aged(noted, as_of, days, noted.value)) is not None:
            return aged
        heart = _on_the_heart(episode, noted.at) if limit.value == "lvef_percent" else None
        later = heart or ("a later side effect" if _outdated(limit.since, episode, noted.at) else None)
        if later is not None:
            return Held("stale", f"{noted.value}, before {later}", noted.at)
        return Held("met" if limit.met(Decimal(noted.value)) else "not_met", noted.value, noted.at)

    return read


def months_old(episode: Episode, as_of: date) -> int | None:
    """The age in whole months, counted from the day it was told for; None where it was not told, or not to the day."""
    if episode.age_months is None or not episode.age_months.at.exact:
        return None
    passed = Decimal((as_of - episode.age_months.at.on).days) / _DAYS_IN_A_MONTH
    return int(Decimal(episode.age_months.value) + passed)


def _age(window: AgeWindow) -> Reading:
    def read(episode: Episode, as_of: date) -> Held:
        months = months_old(episode, as_of)
        if months is None:
            return _by_a_person(episode, as_of, "the age was not told")
        told, at = f"{months} months", episode.opened
        if months < window.youngest or months // 12 > window.oldest // 12:
            return Held("not_met", told, at)
        if months // 12 <= window.surely_to // 12:
            return Held("met", told, at)
        return _by_a_person(episode, as_of, f"{told}, on which the sources differ")

    return read


def _performance(episode: Episode, as_of: date) -> Held:
    months = months_old(episode, as_of)
    known = {scale: noted for scale in ("lansky", "karnofsky") if (noted := episode.fitness.get(scale))}
    if months is not None:
        asked = "karnofsky" if months // 12 > KARNOFSKY_ABOVE_YEARS else "lansky"
        if asked not in known:
            return Held("missing", f"{asked.capitalize()} is asked for at this age")
        known = {asked: known[asked]}
    if not known:
        return Held("missing", "not recorded")
    scale, noted = max(known.items(), key=lambda each: each[1].at.on)
    told = f"{scale.capitalize()} {noted.value}"
    if (aged := _aged(noted, as_of, PERFORMANCE_DAYS, told)) is not None:
        return aged
    return Held("met" if int(noted.value) >= LEAST_PERFORMANCE else "not_met", told, noted.at)


def _toxicity(worst: int) -> Reading:
    def read(episode: Episode, as_of: date) -> Held:  # noqa: ARG001
        going_on = [
            each for each in episode.toxicities.values() if each.ongoing and not is_blood_count(each.term)
        ]
        for toxicity in going_on:
            if toxicity.grade is not None and toxicity.grade > worst:
                return Held("not_met", f"{toxicity.term}, grade {toxicity.grade}", toxicity.at)
        ungraded = next((each for each in going_on if each.grade is None), None)
        if ungraded is not None:
            return Held("missing", f"{ungraded.term} has no grade", ungraded.at)
        return Held("met", f"nothing above grade {worst} goes on")

    return read


_PLAIN: Final = {"true": "yes", "false": "no"}


def _told(episode: Episode, as_of: date, name: str, what: str, days: int, lasting: str = "") -> Noted | Held:
    """A value in words while it counts, for good where it is `lasting`; else what stands in its place."""
    noted = episode.fitness.get(name)
    if noted is None:
        return Held("missing", "not recorded")
    if noted.value == lasting:
        return noted
    return _aged(noted, as_of, days, f"{what}: {_PLAIN.get(noted.value, noted.value)}") or noted


def _infection(episode: Episode, as_of: date) -> Held:
    noted = _told(episode, as_of, "uncontrolled_infection", "uncontrolled infection", BEDSIDE_DAYS)
    if isinstance(noted, Held):
        return noted
    if noted.value == "true":
        return Held("not_met", "an uncontrolled infection", noted.at)
    if _outdated(Since.FEVER, episode, noted.at):
        return Held("stale", "none, before a later fever", noted.at)
    return Held("met", "none", noted.at)


def _steroids(episode: Episode, as_of: date) -> Held:
    noted = _told(episode, as_of, "systemic_steroids", "steroids", STEROID_DAYS)
    if isinstance(noted, Held):
        return noted
    if noted.value == "true":
        return _by_a_person(episode, as_of, "steroids are given, the dose is not told", noted.at)
    return Held("met", "none", noted.at)


def _pregnancy(episode: Episode, as_of: date) -> Held:
    noted = _told(
        episode, as_of, "pregnancy_test", "pregnancy test", PREGNANCY_TEST_DAYS, lasting="not_applicable"
    )
    if isinstance(noted, Held):
        return noted
    return Held("not_met" if noted.value == "positive" else "met", noted.value, noted.at)


def _antigen(episode: Episode, as_of: date) -> Held:
    found = gd2.of(episode, as_of)
    if found.value in ("positive", "partial"):
        return Held("met", found.shown, found.at)
    if found.value == "negative":
        return Held("not_met", found.shown, found.at)
    return Held("stale" if found.value == "stale" else "missing", found.shown or "not measured", found.at)


def _disease(episode: Episode, as_of: date) -> Held:
    point = episode.timepoint
    shown = (
        [noted for noted in point.ratings.values() if noted.value in ("PR", "MD", "SD", "PD")]
        if point
        else []
    )
    if not shown:
        return _by_a_person(episode, as_of, "no component with disease is on record")
    return _aged(shown[-1], as_of, DISEASE_DAYS, "disease at the last assessment") or Held(
        "met", "disease at the last assessment", shown[-1].at
    )


def _last_systemic(episode: Episode) -> Stamp | None:
    counted = (episode.cycles, episode.courses)
    known = (each for one in counted for each in (one.last_started, one.last_completed) if each is not None)
    return max(known, key=lambda at: at.on, default=None)


def _washout(episode: Episode, as_of: date) -> Held | None:
    last = _last_systemic(episode)
    if last is None:
        return None
    told = f"systemic therapy last on {last.when}"
    if last.exact and as_of >= last.on + timedelta(days=WASHOUT_DAYS):
        return Held("met", told, last)
    return _by_a_person(
        episode, as_of, f"{told}: less than 2 weeks, 5 half-lives are a person's judgement", last
    )


def _antibody_washout(episode: Episode, as_of: date) -> Held | None:
    last = episode.last_anti_gd2
    if last is not None:
        return _by_a_person(episode, as_of, f"anti-GD2 antibody last on {last.when}", last)
    before = (
        therapy for therapy in episode.prior_therapies.values() if any(map(is_anti_gd2, therapy.agents))
    )
    earlier = next(before, None)
    if earlier is None:
        return None
    return _by_a_person(episode, as_of, "an anti-GD2 antibody was given before the episode", earlier.at)


def _named(episode: Episode, as_of: date) -> Held:
    named = episode.car_t.get("product")
    if named is None:
        return Held("missing", "not named: only what both tables ask for is looked at")
    known = product_of(named.value)
    if known is None:
        told = f"{named.value} has no table here: only what both tables ask for is looked at, its protocol decides"
        return _by_a_person(episode, as_of, told, named.at)
    return Held("met", known.title, named.at)


def _of(product: Product, read: Reading) -> Reading:
    """The reading where this product's table applies; nothing elsewhere."""

    def reading(episode: Episode, as_of: date) -> Held | None:
        return read(episode, as_of) if table_of(episode) is product else None

    return reading


def _judged(told: str) -> Reading:
    return lambda episode, as_of: _by_a_person(episode, as_of, told)


def _criteria(product: Product) -> Iterator[Criterion]:
    def of(name: str, sentence: str, because: Citation, read: Reading, days: int | None = None) -> Criterion:
        return Criterion(f"{name} ({product.title})", sentence, because, _of(product, read), days)

    yield of("GD2", "GD2 is present on the tumour cells.", product.antigen, _antigen, t.GD2_DAYS.value)
    yield of("infection", "No uncontrolled infection.", product.infection, _infection, BEDSIDE_DAYS)
    worst = product.worst_toxicity
    sentence = f"Earlier side effects, other than of the counts, have come down to grade {worst} at most."
    yield of("earlier side effects", sentence, product.toxicity, _toxicity(worst))
    if product.age is not None:
        yield of("age", product.age.sentence, product.age.because, _age(product.age))
    if product.performance is not None:
        sentence = (
            f"Karnofsky above {KARNOFSKY_ABOVE_YEARS} years, Lansky below: at least {LEAST_PERFORMANCE}."
        )
        yield of("performance status", sentence, product.performance, _performance, PERFORMANCE_DAYS)
    if product.disease is not None:
        sentence = "Disease that can be measured or evaluated: marrow, CT, MRI, ultrasound or MIBG."
        yield of("disease", sentence, product.disease, _disease, DISEASE_DAYS)
    if product.steroids is not None:
        sentence = "No steroids of 2 mg/kg or more within two weeks."
        yield of("steroids", sentence, product.steroids, _steroids, STEROID_DAYS)
    if product.pregnancy is not None:
        sentence = "A negative pregnancy test, where one applies."
        yield of("pregnancy test", sentence, product.pregnancy, _pregnancy, PREGNANCY_TEST_DAYS)
    for limit in product.limits:
        yield of(limit.name, limit.sentence, limit.because, _limit(limit), limit.days)
    if product.washout is not None:
        sentence = "At least 2 weeks or 5 half-lives since the last systemic therapy."
        yield of("washout", sentence, product.washout, _washout)
    for judged in product.judged:
        yield of(judged.name, judged.sentence, judged.because, _judged("no value answers this"))


_WASHOUT_OF_ANTIBODY: Final = Criterion(
    "antibody washout",
    "Where the receptor shares the epitope of an anti-GD2 antibody, the antibody has been washed out; "
    "no number of days was found.",
    _EPITOPE,
    _antibody_washout,
)

ELIGIBILITY: Final = Checklist(
    "car_t_eligibility",
    "Eligibility for GD2 CAR-T cells",
    (
        Criterion("product", "The product or trial is named: its own table decides.", NOT_MERGED, _named),
        *(each for product in (*PRODUCTS, COMMON) for each in _criteria(product)),
        _WASHOUT_OF_ANTIBODY,
    ),
)
"""What has to be so before GD2 CAR-T cells are given."""

COLLECTION: Final = Checklist(
    "apheresis",
    "Before lymphocytes are collected",
    (
        Criterion(
            "infection serology",
            "Infection serology within 30 days before the collection.",
            _SEROLOGY,
            _judged("no value answers this"),
            SEROLOGY_DAYS,
        ),
        _WASHOUT_OF_ANTIBODY,
        Criterion(
            "washout before collection",
            "The washout that the product asks for since the last systemic therapy.",
            cite(PROJECT_DESIGN, Tag.DESIGN, "apheresis: washout per product"),
            _washout,
        ),
    ),
)
"""What has to be so before lymphocytes are collected."""
