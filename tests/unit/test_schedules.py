"""Schedules through the real tick: a flow runs when its zone's clock says so, no moment is lost, none doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.engine import due, runs, schedule
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Put
from chalicelib.entry import jobs
from tests.unit.api_world import FLOW, Answer, ApiWorld, config

QUARTER = 15 * 60
MOST_STEPS = 1000


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def scheduled(begin: str, **schedule: str) -> ApiWorld:
    """A customer whose flow was set up with this schedule at that moment."""
    world = ApiWorld()
    world.clock.advance(to=at(begin))
    world.set_up(**schedule)
    return world


def change(world: ApiWorld, **schedule: str) -> Answer:
    answer = world.call("POST", "/apply", {"config": config(**schedule)})
    assert answer.status == 200, answer.body
    world.work()
    return answer


def begun(world: ApiWorld) -> list[datetime]:
    """When each run of the flow began, by the records of the runs."""
    items = [item for item in world.store.all_items() if item.sk.startswith(f"RUN#{FLOW}#")]
    return sorted(datetime.fromisoformat(str(item.body["started_at"])) for item in items)


def poll(world: ApiWorld) -> None:
    for _ in range(MOST_STEPS):
        received = world.queue.receive("poll", 1)
        if not received:
            return
        jobs.poll_steps(world.engine, "poll", [jobs.Message(received[0].body, received[0].receipt)])
        world.queue.acknowledge("poll", [received[0].receipt])
    raise AssertionError("the run does not end")


def live_until(world: ApiWorld, end: str, *, step: int = QUARTER) -> list[str]:
    """Ticks, and the steps of the runs that they begin. Returns when runs began meanwhile: "08 06:00" is in UTC."""
    before = len(begun(world))
    while world.clock.now() < at(end):
        jobs.tick(world.engine)
        poll(world)
        world.clock.advance(step)
    return [f"{moment:%d %H:%M}" for moment in begun(world)[before:]]


# ---------------------------------------------------------------------------------------------- around a change


DAYS = [
    # spring: 02:30 is skipped on the 8th, and made up for at 03:00 EDT
    ("2026-03-07", "30 2 * * *", "America/New_York", ["07 07:30", "08 07:00", "09 06:30"]),
    ("2026-03-07", "0 6 * * *", "America/New_York", ["07 11:00", "08 10:00", "09 10:00"]),
    # autumn: 01:30 comes twice on the 1st of November, and counts once
    ("2026-10-31", "30 1 * * *", "America/New_York", ["31 05:30", "01 05:30", "02 06:30"]),
    ("2026-03-28", "15 2 * * *", "Europe/Berlin", ["28 01:15", "29 01:00", "30 00:15"]),
    ("2026-10-24", "15 2 * * *", "Europe/Berlin", ["24 00:15", "25 00:15", "26 01:15"]),
    # Lord Howe moves by half an hour: 02:00 to 02:30 is skipped in October, 01:30 to 02:00 comes twice in April
    ("2026-10-02T15:00", "15 2 * * *", "Australia/Lord_Howe", ["02 15:45", "03 15:30", "04 15:15"]),
    ("2026-04-03T13:00", "45 1 * * *", "Australia/Lord_Howe", ["03 14:45", "04 14:45", "05 15:15"]),
    ("2026-03-07", "30 2 * * *", "America/Phoenix", ["07 09:30", "08 09:30", "09 09:30"]),
    ("2026-03-06", "0 6 * * 1-5", "America/Vancouver", ["06 14:00"]),  # a Friday; Monday is two days off
]


@pytest.mark.parametrize(("begin", "cron", "zone", "moments"), DAYS, ids=[f"{d[2]} {d[0]} {d[1]}" for d in DAYS])
def test_a_daily_flow_runs_once_a_day_whatever_the_clocks_do(
    begin: str, cron: str, zone: str, moments: list[str]
) -> None:
    world = scheduled(begin, cron=cron, zone=zone)
    end = at(begin) + timedelta(days=3)
    assert live_until(world, end.replace(tzinfo=None).isoformat()) == moments


HOURS = [
    # by the clock: a skipped hour has no moments, a repeated one has them twice
    ("2026-03-08T06:00", "0 * * * *", "America/New_York", ["08 06:00", "08 07:00", "08 08:00"]),
    ("2026-11-01T05:00", "0 * * * *", "America/New_York", ["01 05:00", "01 06:00", "01 07:00"]),
    ("2026-11-01T05:00", "*/30 1 * * *", "America/New_York", ["01 05:00", "01 05:30", "01 06:00", "01 06:30"]),
    ("2026-03-08T06:00", "*/30 2 * * *", "America/New_York", []),
    ("2026-10-25T00:00", "*/30 2 * * *", "Europe/Berlin", ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]),
    # 01:00 LHST; then 02:30 LHDT comes right after 01:59, so that there is no 02:00
    ("2026-10-03T14:30", "0 * * * *", "Australia/Lord_Howe", ["03 14:30", "03 16:00", "03 17:00"]),
    ("2026-10-03T14:30", "*/30 2-3 * * *", "Australia/Lord_Howe", ["03 15:30", "03 16:00", "03 16:30"]),
    ("2026-04-04T14:00", "*/30 * * * *", "Australia/Lord_Howe",
     ["04 14:00", "04 14:30", "04 15:00", "04 15:30", "04 16:00", "04 16:30"]),
    ("2026-04-04T14:00", "0 */2 * * *", "Australia/Lord_Howe", ["04 15:30"]),
    ("2026-03-08T06:00", "0 * * * *", "Asia/Kolkata", ["08 06:30", "08 07:30", "08 08:30"]),
]  # fmt: skip


@pytest.mark.parametrize(("begin", "cron", "zone", "moments"), HOURS, ids=[f"{h[2]} {h[0]} {h[1]}" for h in HOURS])
def test_a_flow_that_runs_by_the_hour_goes_by_what_the_clock_shows(
    begin: str, cron: str, zone: str, moments: list[str]
) -> None:
    world = scheduled((at(begin) - timedelta(minutes=1)).replace(tzinfo=None).isoformat(), cron=cron, zone=zone)
    world.clock.advance(60)
    end = at(begin) + timedelta(hours=3)
    assert live_until(world, end.replace(tzinfo=None).isoformat()) == moments


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("cron", ["*/20 * * * *", "0 */2 * * *", "*/15 1-3 * * *", "5 * 4,5,8 * *"])
def test_what_goes_by_the_clock_runs_at_exactly_the_minutes_whose_time_fits(zone: str, cron: str) -> None:
    """Against every minute of the days around each change, read off the zone's clock one by one."""
    for day in ("2026-03-07", "2026-03-28", "2026-04-03", "2026-10-02", "2026-10-24", "2026-10-31"):
        begin = at(day)
        minutes = [begin + timedelta(minutes=n) for n in range(1, 3 * 24 * 60)]
        fitting = [moment for moment in minutes if _fits(cron, moment, zone)]
        found, moment = [], schedule.next_cron(cron, zone, begin)
        while moment is not None and moment <= minutes[-1]:
            found.append(moment)
            moment = schedule.next_cron(cron, zone, moment)
        assert found == fitting


def _fits(cron: str, moment: datetime, zone: str) -> bool:
    there = moment.astimezone(ZoneInfo(zone))
    wanted = {
        "*/20 * * * *": there.minute % 20 == 0,
        "0 */2 * * *": there.minute == 0 and there.hour % 2 == 0,
        "*/15 1-3 * * *": there.minute % 15 == 0 and 1 <= there.hour <= 3,
        "5 * 4,5,8 * *": there.minute == 5 and there.day in (4, 5, 8),
    }
    return wanted[cron]


# ---------------------------------------------------------------------------------------------- late, down, in trouble


def test_moments_missed_while_the_service_was_down_make_one_run() -> None:
    world = scheduled("2026-03-07", cron="0 6 * * *", zone="America/New_York")
    world.clock.advance(to=at("2026-03-10T09:17"))
    assert live_until(world, "2026-03-11T09:00", step=60) == ["10 09:17", "10 10:00"]


def test_a_tick_that_is_late_into_a_repeated_hour_does_not_run_it_again() -> None:
    world = scheduled("2026-11-01", cron="30 1 * * *", zone="America/New_York")
    world.clock.advance(to=at("2026-11-01T06:10"))  # 01:10 for the second time; the moment was 05:30
    assert live_until(world, "2026-11-02T06:00") == ["01 06:10"]


def test_a_run_that_was_stopped_does_not_wait_for_tomorrow() -> None:
    world = scheduled("2026-03-07", cron="0 6 * * *", zone="UTC")
    world.clock.advance(to=at("2026-03-07T06:00"))
    jobs.tick(world.engine)
    runs.finish(world.engine, world.flow(), str(runs.latest(world.engine, world.flow())["id"]), trouble="It is down.")
    poll(world)
    assert live_until(world, "2026-03-09") == ["07 06:15", "08 06:00"]


def test_a_run_that_lost_its_message_does_not_wait_for_tomorrow() -> None:
    world = scheduled("2026-03-07", cron="0 6 * * *", zone="UTC")
    world.clock.advance(to=at("2026-03-07T06:00"))
    jobs.tick(world.engine)
    list(world.messages("poll"))
    assert live_until(world, "2026-03-09") == ["07 06:15", "08 06:00"]
    states = [str(item.body["state"]) for item in world.store.all_items() if item.sk.startswith(f"RUN#{FLOW}#")]
    assert sorted(states) == ["finished", "finished", "stopped"]


def test_two_ticks_at_once_begin_one_run() -> None:
    world = scheduled("2026-03-07", cron="0 6 * * *", zone="UTC")
    world.clock.advance(to=at("2026-03-07T06:00"))
    jobs.tick(world.engine)
    jobs.tick(world.engine)
    assert len(begun(world)) == 1
    assert len(list(world.messages("poll"))) == 1


# ---------------------------------------------------------------------------------------------- other schedules, pauses


def test_a_new_flow_runs_at_once_and_one_with_times_of_the_day_at_the_next_of_them() -> None:
    assert live_until(scheduled("2026-03-07T10:00"), "2026-03-07T10:30") == ["07 10:00", "07 10:15"]
    world = scheduled("2026-03-07T10:00", cron="0 11 * * *", zone="UTC")
    assert live_until(world, "2026-03-07T11:30") == ["07 11:00"]


def test_a_changed_schedule_counts_from_now_on() -> None:
    world = scheduled("2026-03-07T10:00", every="30 minutes")
    assert live_until(world, "2026-03-07T10:45") == ["07 10:00", "07 10:30"]
    change(world, cron="5 12 * * *", zone="UTC")
    assert live_until(world, "2026-03-07T13:00", step=300) == ["07 12:05"]
    change(world, cron="5 12 * * *", zone="Europe/Berlin")
    assert live_until(world, "2026-03-08T12:00", step=300) == ["08 11:05"]
    change(world, every="6 minutes")
    assert live_until(world, "2026-03-08T12:10", step=60) == ["08 12:00", "08 12:06"]


def test_a_schedule_that_is_not_named_stays() -> None:
    world = scheduled("2026-03-07T10:00", cron="0 11 * * *", zone="America/Vancouver")
    answer = change(world)
    assert answer.body["applied"] is False
    assert (world.flow().cron, world.flow().zone) == ("0 11 * * *", "America/Vancouver")


def test_a_paused_flow_does_not_run_and_resumed_it_waits_for_its_next_moment() -> None:
    world = scheduled("2026-03-07T10:00", cron="0 11 * * *", zone="UTC")
    world.call("POST", f"/flows/{FLOW}/pause")
    assert live_until(world, "2026-03-09T10:00") == []
    world.call("POST", f"/flows/{FLOW}/resume")
    assert [job["flow"] for job in world.work() if job["job"] == "restart"] == [FLOW]  # what waits goes on
    assert live_until(world, "2026-03-10T10:00") == ["09 11:00"]


def test_a_set_up_stored_before_there_was_cron_is_still_read() -> None:
    world = scheduled("2026-03-07T10:00", every="30 minutes")
    put = setups.flow_put(world.flow())
    for later in ("cron", "zone"):
        del put.item.body[later]
    world.store.write([Put(put.item)])
    assert live_until(world, "2026-03-07T11:00") == ["07 10:00", "07 10:30"]


def test_a_due_row_stored_before_runs_were_looked_after_is_still_read() -> None:
    world = scheduled("2026-03-07T10:00", every="60 minutes")
    live_until(world, "2026-03-07T10:15")
    world.store.write([due.schedule_put(world.engine, world.flow(), at("2026-03-07T10:30"))])
    assert live_until(world, "2026-03-07T11:45") == ["07 10:30", "07 11:30"]


# ---------------------------------------------------------------------------------------------- said and refused


def test_a_plan_an_export_and_the_flow_itself_say_the_schedule() -> None:
    world = scheduled("2026-03-07T10:00")
    wanted = config(cron=" 0  6 * * 1-5 ", zone="America/Vancouver")
    plan = world.call("POST", "/apply", {"config": wanted, "plan": True}).body["changes"]
    details = next(change["details"] for change in plan if change["name"] == FLOW)
    assert details == [
        {"key": "every", "from": "15 minutes", "to": None},
        {"key": "cron", "from": None, "to": "0 6 * * 1-5"},
        {"key": "zone", "from": None, "to": "America/Vancouver"},
    ]
    change(world, cron="0 6 * * 1-5", zone="America/Vancouver")
    exported = world.call("GET", "/export").body["config"]
    for shown in (exported["flows"][FLOW], world.call("GET", f"/flows/{FLOW}").body):
        assert (shown["cron"], shown["zone"], "every" in shown) == ("0 6 * * 1-5", "America/Vancouver", False)
    assert world.call("POST", "/apply", {"config": exported}).body["applied"] is False


UNFIT = [
    ({"cron": "0 6 * * *"}, "zone", "time zone", "nothing"),
    ({"zone": "UTC"}, "cron", "together", "nothing"),
    ({"cron": "0 6 * * *", "zone": "UTC", "every": "15 minutes"}, "every", "one schedule", "both"),
    ({"cron": "0 6 * * *", "zone": "Vancouver"}, "zone", "IANA", '"Vancouver"'),
    ({"cron": "0 6 * * *", "zone": "america/vancouver"}, "zone", "IANA", '"america/vancouver"'),
    ({"cron": "0 6 * * *", "zone": "America"}, "zone", "IANA", '"America"'),
    ({"cron": "0 6 * * *", "zone": "../../etc/passwd"}, "zone", "IANA", '"../../etc/passwd"'),
    ({"cron": "0 6 * * *", "zone": 7}, "zone", "IANA", "the number 7"),
    ({"cron": "61 6 * * *", "zone": "UTC"}, "cron", "unreadable minute", '"61 6 * * *"'),
    ({"cron": "0 6 * * mondays", "zone": "UTC"}, "cron", "unreadable day-of-week", '"0 6 * * mondays"'),
    ({"cron": "0 6 * *", "zone": "UTC"}, "cron", "five fields", '"0 6 * *"'),
    ({"cron": "0 0 6 * * *", "zone": "UTC"}, "cron", "five fields", '"0 0 6 * * *"'),  # no seconds
    ({"cron": "@daily", "zone": "UTC"}, "cron", "five fields", '"@daily"'),
    ({"cron": "0 0 31 2 *", "zone": "UTC"}, "cron", "unreadable day-of-month", '"0 0 31 2 *"'),
    ({"cron": "* * */20 * 1L", "zone": "UTC"}, "cron", "never comes", '"* * */20 * 1L"'),
    ({"cron": "1/0 * * * *", "zone": "UTC"}, "cron", "unreadable minute", '"1/0 * * * *"'),
    ({"cron": 5, "zone": "UTC"}, "cron", "five fields", "the number 5"),
]


@pytest.mark.parametrize(("given", "key", "expected", "got"), UNFIT, ids=[str(case[0]) for case in UNFIT])
def test_a_schedule_that_does_not_fit_is_named_with_what_is_wrong_and_changes_nothing(
    given: dict[str, str], key: str, expected: str, got: str
) -> None:
    world = scheduled("2026-03-07T10:00")
    before = world.store.all_items()
    answer = world.call("POST", "/apply", {"config": config(**given)})
    assert answer.status == 400
    (fault,) = answer.body["errors"]
    assert (fault["field"], fault["got"]) == (f"/config/flows/{FLOW}/{key}", got)
    assert expected in fault["expected"]
    assert world.store.all_items() == before
