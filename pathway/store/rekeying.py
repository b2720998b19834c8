"""Takes the patients of a site from one key to another: their own keys are wrapped anew, their seals stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from pathway.store.engines import Engines, empty_the_log, fault
from pathway.store.sealing import IdentifierKey, Sealed
from pathway.store.statements import IDENTIFIER_KEY, PATIENT
from pathway.store.walls import enter

TOGETHER: Final = 1_000


def rekey(engines: Engines, site_id: str, old: IdentifierKey, new: IdentifierKey) -> int:
    """Puts the site's patients under `new`, all of them or none; gives how many.

    Nothing is done where they are under it already. Nobody finds or opens anything at the site meanwhile, and who
    still has the old key afterwards is refused. Raises `WrongKey` when they are under neither key, `SealBroken`,
    and `StoreUnavailable`.
    """
    try:
        with engines.write.connect() as connection:
            with connection.begin():
                changed = _rekey(connection, site_id, old, new)
            empty_the_log(connection)
    except SQLAlchemyError as error:
        raise fault(error) from None
    return changed


def _rekey(connection: Connection, site_id: str, old: IdentifierKey, new: IdentifierKey) -> int:
    enter(connection, site_id)
    in_force = select(IDENTIFIER_KEY.c.key_id).where(IDENTIFIER_KEY.c.site_id == site_id)
    key_id = connection.scalar(in_force.with_for_update())
    if key_id in (None, new.id):
        return 0
    old.require(key_id)
    changed, after = 0, ""
    while rows := _page(connection, site_id, after):
        connection.execute(_CHANGING, [_moved(site_id, *row, old, new) for row in rows])
        changed, after = changed + len(rows), rows[-1][0]
    connection.execute(
        update(IDENTIFIER_KEY).where(IDENTIFIER_KEY.c.site_id == site_id).values(key_id=new.id)
    )
    return changed


def _page(connection: Connection, site_id: str, after: str) -> list[tuple[str, Sealed]]:
    query = (
        select(
            PATIENT.c.pseudonym, PATIENT.c.lookup, PATIENT.c.sealed, PATIENT.c.wrapped_key, PATIENT.c.key_id
        )
        .where(PATIENT.c.site_id == site_id, PATIENT.c.pseudonym > after, PATIENT.c.sealed.is_not(None))
        .order_by(PATIENT.c.pseudonym)
        .limit(TOGETHER)
    )
    return [(pseudonym, Sealed(*kept)) for pseudonym, *kept in connection.execute(query)]


def _moved(
    site_id: str, pseudonym: str, kept: Sealed, old: IdentifierKey, new: IdentifierKey
) -> dict[str, str]:
    moved = old.rewrapped(site_id, pseudonym, kept, new)
    return {
        "of_site": site_id,
        "of_pseudonym": pseudonym,
        "lookup": moved.lookup,
        "wrapped_key": moved.wrapped_key,
        "key_id": moved.key_id,
    }


_CHANGING: Final = (
    update(PATIENT)
    .where(PATIENT.c.site_id == bindparam("of_site"), PATIENT.c.pseudonym == bindparam("of_pseudonym"))
    .values({name: bindparam(name) for name in ("lookup", "wrapped_key", "key_id")})
)
