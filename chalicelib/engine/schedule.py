"""When a flow runs by itself: every so many minutes, or as a cron expression says on the clock of a zone.

The expression is read by cronsim on a clock without a zone; what becomes of the hours that a zone skips or repeats is
decided here, as Debian's cron does it. (cronsim's own way with zones loses moments where the shift is half an hour.)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.engine.setup import FlowSetup

SHIFT = timedelta(hours=3)  # no zone sets its clock by more at once, but for a change of the date line
MINUTE = timedelta(minutes=1)


def following(setup: FlowSetup, after: datetime) -> datetime:
    """The flow's next moment after that one."""
    if not setup.cron:
        return after + timedelta(minutes=setup.every_minutes)
    found = next_cron(setup.cron, setup.zone, after)
    assert found is not None  # an expression that never comes is refused when it is applied
    return found


def next_cron(cron: str, zone: str, after: datetime) -> datetime | None:
    """The first moment after `after` that the expression means in the zone; None when there is none in 50 years."""
    from cronsim import CronSim

    there = ZoneInfo(zone)
    begin = after.astimezone(there).replace(tzinfo=None) - SHIFT
    found: datetime | None = None
    end: datetime | None = None
    for wall in CronSim(cron, begin):
        if end is not None and wall > end:
            break  # what comes later on the clock comes later in time
        for moment in _moments(wall, there, repeated=_goes_by_the_clock(cron)):
            if moment > after and (found is None or moment < found):
                found, end = moment, end or wall + SHIFT
    return found


def unreadable(cron: str) -> str:
    """What is wrong with the expression; nothing when it can be read and has moments to come."""
    from cronsim import CronSim, CronSimError

    if len(cron.split()) != 5:
        return "it has not five fields"
    try:
        first = next(CronSim(cron, datetime(2026, 1, 1)), None)  # a clock without a zone
    except CronSimError as unfit:
        return str(unfit).replace("Bad", "it has an unreadable")
    return "" if first else "it never comes"


def zones() -> frozenset[str]:
    """The names of all zones, as the database that travels with us has them."""
    from importlib import resources

    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _goes_by_the_clock(cron: str) -> bool:
    """Minutes or hours with a star: it runs whenever the clock shows such a time. Others are single times of a day."""
    minute, hour = cron.split()[:2]
    return minute.startswith("*") or hour.startswith("*")


def _moments(wall: datetime, zone: ZoneInfo, *, repeated: bool) -> Iterator[datetime]:
    """When the zone's clock shows the time: once, as a rule; in a repeated hour twice, in a skipped one never."""
    moment, again = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        yield moment
        if repeated and again != moment:
            yield again
    elif not repeated:  # a time of the day is made up for at the first minute after the skipped ones
        while moment.astimezone(zone).replace(tzinfo=None) != wall:
            wall += MINUTE
            moment = wall.replace(tzinfo=zone).astimezone(UTC)
        yield moment
