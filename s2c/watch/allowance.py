"""What a watcher may still spend in this hour: its own requests, over restarts, as the store remembers them.

Law: what is granted is written down before it can be spent, and counts whole until what was really spent is known. A
price that is not known leaves the grant standing. So `max_cost` an hour holds however the watcher ends.
"""

from decimal import Decimal, InvalidOperation

from s2c.digest import Json
from s2c.store import Store

FORM = "watch.1"
HOUR = 3600

Grants = dict[int, tuple[int, Decimal]]
"""Number -> when, in seconds since 1970, and dollars."""


def left(store: Store, cap: Decimal, now: float) -> Decimal:
    """Dollars that are left of the cap in this hour."""
    return max(cap - sum((amount for _, amount in _recent(store, now).values()), Decimal(0)), Decimal(0))


def grant(store: Store, amount: Decimal, now: float) -> int:
    """Take this much out of the hour; the number of the grant."""
    known = _recent(store, now)
    number = max(known, default=0) + 1
    _keep(store, {**known, number: (int(now), amount)})
    return number


def settle(store: Store, number: int, cost: str, now: float) -> None:
    """What of a grant was spent: dollars as a summary tells them (`0.03 USD`); what can't be read changes nothing."""
    known = _recent(store, now)
    try:
        spent = Decimal(cost.removesuffix(" USD"))
    except InvalidOperation:
        return
    if number in known:
        _keep(store, {**known, number: (known[number][0], spent)})


def _recent(store: Store, now: float) -> Grants:
    rows = store.analysis(FORM)
    known = [_grant(one) for one in rows] if isinstance(rows, list) else []
    return {number: (began, amount) for number, began, amount in filter(None, known) if began > now - HOUR}


def _grant(row: Json) -> tuple[int, int, Decimal] | None:
    if isinstance(row, list) and len(row) == 3 and isinstance(row[0], int) and isinstance(row[1], int):  # noqa: PLR2004
        try:
            return row[0], row[1], Decimal(str(row[2]))
        except InvalidOperation:
            return None
    return None


def _keep(store: Store, grants: Grants) -> None:
    store.put_analysis(FORM, [[number, began, str(amount)] for number, (began, amount) in sorted(grants.items())])
