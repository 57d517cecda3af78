"""The one table: what every `Store` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import boto3
import pytest

from chalicelib.aws.dynamo import DynamoStore
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Check, Conflict, Delete, Item, Op, Put, Rows, Store
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from infra.cloud import Cloud
from infra.restored import mark_restored
from tests.contract.conftest import REGION

FULL: Json = {
    "text": "Müller & Söhne €",
    "none": None,
    "yes": True,
    "n": 12345678901234567890,
    "list": [{"a": "1.10"}, []],
}


def put(store: Store, pk: str, *sks: str) -> None:
    for sk in sks:
        store.write([Put(Item(pk=pk, sk=sk, body={"sk": sk}))])


def sks(rows: Rows) -> list[str]:
    return [item.sk for item in rows.items]


class TestReading:
    def test_what_is_stored_comes_back_whole(self, store: Store, pk: str) -> None:
        item = Item(
            pk=pk, sk="A", body=FULL, due=("D#1", "2026"), held=("H#1", "x"), blob=b"\0\xff", expires_at=1_900_000_000
        )
        store.write([Put(item)])
        assert store.get([(pk, "A")]) == {
            (pk, "A"): Item(
                pk=pk,
                sk="A",
                body=FULL,
                version=1,
                due=("D#1", "2026"),
                held=("H#1", "x"),
                blob=b"\0\xff",
                expires_at=1_900_000_000,
            )
        }

    def test_an_empty_blob_is_not_no_blob(self, store: Store, pk: str) -> None:
        store.write([Put(Item(pk=pk, sk="A", blob=b"")), Put(Item(pk=pk, sk="B"))])
        found = store.get([(pk, "A"), (pk, "B")])
        assert (found[pk, "A"].blob, found[pk, "B"].blob) == (b"", None)

    def test_a_missing_item_is_absent_from_the_answer(self, store: Store, pk: str) -> None:
        put(store, pk, "A")
        assert set(store.get([(pk, "A"), (pk, "B")])) == {(pk, "A")}
        assert store.get([(pk, "B")]) == {}
        assert store.get([]) == {}

    def test_any_number_of_keys_is_read_and_a_repeated_key_does_no_harm(self, store: Store, pk: str) -> None:
        names = [f"N{n:03}" for n in range(230)]
        for start in range(0, 230, 100):
            store.write([Put(Item(pk=pk, sk=sk)) for sk in names[start : start + 100]])
        keys = [(pk, sk) for sk in names]
        assert list(store.get([*keys, *keys])) == keys

    def test_a_value_that_is_changed_after_writing_or_reading_is_not_changed_in_the_table(
        self, store: Store, pk: str
    ) -> None:
        body: dict[str, object] = {"lines": []}
        store.write([Put(Item(pk=pk, sk="A", body=body))])
        body["lines"] = "spoilt"
        store.get([(pk, "A")])[pk, "A"].body["more"] = "spoilt"
        assert store.get([(pk, "A")])[pk, "A"].body == {"lines": []}


class TestWriting:
    def test_a_new_item_is_put_only_where_none_is(self, store: Store, pk: str) -> None:
        store.write([Put(Item(pk=pk, sk="A", body={"by": "first"}))])
        with pytest.raises(Conflict) as lost:
            store.write([Put(Item(pk=pk, sk="A", body={"by": "second"}))])
        assert lost.value.keys == ((pk, "A"),)
        assert store.get([(pk, "A")])[pk, "A"].body == {"by": "first"}

    def test_the_version_that_was_read_guards_the_write(self, store: Store, pk: str) -> None:
        put(store, pk, "A")
        store.write([Put(Item(pk=pk, sk="A", version=1, body={"n": 2}))])
        assert store.get([(pk, "A")])[pk, "A"].version == 2
        for stale in (0, 1, 3):
            with pytest.raises(Conflict):
                store.write([Put(Item(pk=pk, sk="A", version=stale))])

    def test_a_version_of_an_item_that_is_gone_does_not_bring_it_back(self, store: Store, pk: str) -> None:
        with pytest.raises(Conflict):
            store.write([Put(Item(pk=pk, sk="A", version=1))])
        assert store.get([(pk, "A")]) == {}

    def test_an_unguarded_put_replaces_the_whole_item(self, store: Store, pk: str) -> None:
        store.write([Put(Item(pk=pk, sk="A", body={"a": "1"}, blob=b"x", due=("D", "1")))])
        store.write([Put(Item(pk=pk, sk="A", body={"b": "2"}), guarded=False)])
        assert store.get([(pk, "A")])[pk, "A"] == Item(pk=pk, sk="A", body={"b": "2"}, version=1)

    def test_a_delete_may_be_guarded(self, store: Store, pk: str) -> None:
        put(store, pk, "A", "B")
        with pytest.raises(Conflict):
            store.write([Delete(pk, "A", version=2)])
        store.write([Delete(pk, "A", version=1)])
        store.write([Delete(pk, "B")])
        store.write([Delete(pk, "B")])
        assert store.query(pk).items == []

    def test_a_check_alone_writes_nothing_and_may_fail(self, store: Store, pk: str) -> None:
        put(store, pk, "A")
        store.write([Check(pk, "A", version=1)])
        store.write([Check(pk, "B", version=0)])
        store.write([])  # neither does nothing at all
        for wrong in (Check(pk, "A", version=0), Check(pk, "A", version=2), Check(pk, "B", version=1)):
            with pytest.raises(Conflict) as lost:
                store.write([wrong])
            assert lost.value.keys == ((pk, wrong.sk),)


class TestTransactions:
    def test_several_operations_happen_together(self, store: Store, pk: str) -> None:
        put(store, pk, "A", "B", "C")
        store.write(
            [
                Put(Item(pk=pk, sk="D")),
                Delete(pk, "A", version=1),
                Check(pk, "B", version=1),
                Put(Item(pk=pk, sk="C", version=1)),
            ]
        )
        assert sks(store.query(pk)) == ["B", "C", "D"]

    def test_a_conflict_names_exactly_the_losers_and_nothing_happens(self, store: Store, pk: str) -> None:
        put(store, pk, "A", "B", "C", "D")
        ops: list[Op] = [
            Put(Item(pk=pk, sk="NEW")),
            Put(Item(pk=pk, sk="A")),  # loses
            Check(pk, "B", version=1),
            Delete(pk, "C", version=7),  # loses
            Put(Item(pk=pk, sk="D", version=1, body={"n": 2})),
            Check(pk, "GONE", version=1),  # loses
            Delete(pk, "OTHER"),
        ]
        with pytest.raises(Conflict) as lost:
            store.write(ops)
        assert set(lost.value.keys) == {(pk, "A"), (pk, "C"), (pk, "GONE")}
        assert [(item.sk, item.version) for item in store.query(pk).items] == [("A", 1), ("B", 1), ("C", 1), ("D", 1)]

    def test_one_loser_among_equals_is_named(self, store: Store, pk: str) -> None:
        put(store, pk, "N042")
        with pytest.raises(Conflict) as lost:
            store.write([Put(Item(pk=pk, sk=f"N{n:03}")) for n in range(100)])
        assert lost.value.keys == ((pk, "N042"),)

    def test_an_item_cannot_be_named_twice(self, store: Store, pk: str) -> None:
        with pytest.raises(ValueError, match="more than once"):
            store.write([Put(Item(pk=pk, sk="A")), Check(pk, "A", version=0)])

    def test_at_most_100_go_together(self, store: Store, pk: str) -> None:
        with pytest.raises(ValueError, match="101 operations"):
            store.write([Put(Item(pk=pk, sk=f"N{n:03}")) for n in range(101)])

    def test_at_most_4_megabytes_go_together(self, store: Store, pk: str) -> None:
        with pytest.raises(ValueError, match="at most 4194304"):
            store.write([Put(Item(pk=pk, sk=f"N{n:03}", blob=bytes(400_000))) for n in range(11)])
        assert store.query(pk).items == []


class TestLimits:
    def test_an_item_over_400_kb_is_refused_and_one_below_is_not(self, store: Store, pk: str) -> None:
        with pytest.raises(ValueError, match="at most 409600"):
            store.write([Put(Item(pk=pk, sk="A", blob=bytes(409_600)))])
        text = "x" * 404_000  # moto stops at 405,000, and counts a blob by its base64
        store.write([Put(Item(pk=pk, sk="A", body={"text": text}))])
        assert store.get([(pk, "A")])[pk, "A"].body == {"text": text}

    @pytest.mark.parametrize("body", [{"amount": 1.5}, {"lines": [{"amount": 1.5}]}, {"when": object()}])
    def test_a_body_holds_json_values_without_floats(self, store: Store, pk: str, body: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="body holds"):
            store.write([Put(Item(pk=pk, sk="A", body=body))])

    @pytest.mark.parametrize(
        "item",
        [Item(pk="", sk="A"), Item(pk="P", sk=""), Item(pk="P", sk="A", due=("", "x")), Item(pk="P", sk="x" * 1025)],
    )
    def test_a_key_is_neither_empty_nor_too_long(self, store: Store, item: Item) -> None:
        with pytest.raises(ValueError, match="key"):
            store.write([Put(item)])


class TestQueries:
    def test_items_come_in_sort_key_order_either_way(self, store: Store, pk: str) -> None:
        put(store, pk, "B", "A", "ä", "C")
        put(store, pk + "-other", "Z")
        assert sks(store.query(pk)) == ["A", "B", "C", "ä"]
        assert sks(store.query(pk, descending=True)) == ["ä", "C", "B", "A"]

    def test_a_prefix_or_an_upper_end_restricts(self, store: Store, pk: str) -> None:
        put(store, pk, "HEAD", "TRAIL#1", "TRAIL#2", "TRAILER", "Z")
        assert sks(store.query(pk, prefix="TRAIL#")) == ["TRAIL#1", "TRAIL#2"]
        assert sks(store.query(pk, prefix="TRAIL#", descending=True)) == ["TRAIL#2", "TRAIL#1"]
        assert sks(store.query(pk, upto="TRAIL#1")) == ["HEAD", "TRAIL#1"]
        assert sks(store.query(pk, prefix="NONE")) == []
        with pytest.raises(ValueError, match="not both"):
            store.query(pk, prefix="A", upto="B")

    @pytest.mark.parametrize("descending", [False, True])
    def test_a_cursor_goes_on_where_the_answer_ended(self, store: Store, pk: str, descending: bool) -> None:
        names = [f"N{n}" for n in range(7)]
        put(store, pk, "M", *names, "O")
        seen, cursor = [], None
        for _ in range(5):
            rows = store.query(pk, prefix="N", limit=3, cursor=cursor, descending=descending)
            assert len(rows.items) <= 3
            seen += sks(rows)
            cursor = rows.cursor
            if cursor is None:
                break
        assert seen == (names[::-1] if descending else names)
        assert cursor is None

    def test_a_cursor_survives_the_item_it_points_to(self, store: Store, pk: str) -> None:
        put(store, pk, "A", "B", "C")
        cursor = store.query(pk, limit=2).cursor
        store.write([Delete(pk, "B")])
        assert sks(store.query(pk, cursor=cursor)) == ["C"]

    def test_a_cursor_of_elsewhere_is_refused(self, store: Store, pk: str) -> None:
        put(store, pk, "A", "B")
        put(store, pk + "-other", "A", "B")
        foreign = store.query(pk + "-other", limit=1).cursor
        assert foreign
        for cursor in (foreign, "", "rubbish", "ä", "W10"):
            with pytest.raises(ValueError, match="cursor"):
                store.query(pk, cursor=cursor)

    def test_an_answer_ends_at_one_megabyte(self, store: Store, pk: str) -> None:
        for n in range(5):
            store.write([Put(Item(pk=pk, sk=f"N{n}", blob=bytes(300_000)))])
        first = store.query(pk)
        assert 1 <= len(first.items) < 5
        assert first.cursor
        assert sks(first) + sks(store.query(pk, cursor=first.cursor)) == [f"N{n}" for n in range(5)]


class TestIndexes:
    def test_an_index_lists_keys_alone_up_to_a_moment(self, store: Store, pk: str) -> None:
        place = f"D#{pk}"
        for n in (3, 1, 2):
            store.write([Put(Item(pk=f"{pk}{n}", sk="HEAD", body={"n": n}, due=(place, f"2026-0{n}"), blob=b"x"))])
        rows = store.query(place, index="due", upto="2026-02")
        assert list(rows.items) == [Item(pk=f"{pk}{n}", sk="HEAD", due=(place, f"2026-0{n}")) for n in (1, 2)]
        assert store.query(place, index="held").items == []
        assert store.query(place).items == []

    def test_an_item_moves_and_leaves_an_index_with_what_is_written(self, store: Store, pk: str) -> None:
        early, held = f"D#{pk}", f"H#{pk}"
        store.write([Put(Item(pk=pk, sk="A", due=(early, "1"), held=(held, "r")))])
        store.write([Put(Item(pk=pk, sk="A", version=1, due=(early, "9"), held=(held, "r")))])
        assert store.query(early, index="due", upto="5").items == []
        assert len(store.query(early, index="due").items) == 1
        store.write([Put(Item(pk=pk, sk="A", version=2, held=(held, "r")))])
        assert store.query(early, index="due").items == []
        assert len(store.query(held, index="held", prefix="r").items) == 1
        store.write([Delete(pk, "A")])
        assert store.query(held, index="held").items == []

    def test_items_with_the_same_place_are_all_listed_page_by_page(self, store: Store, pk: str) -> None:
        place = f"D#{pk}"
        for n in range(7):
            store.write([Put(Item(pk=f"{pk}{n}", sk="HEAD", due=(place, "same")))])
        seen: list[str] = []
        cursor = None
        while True:
            rows = store.query(place, index="due", limit=2, cursor=cursor)
            seen += [item.pk for item in rows.items]
            cursor = rows.cursor
            if cursor is None:
                break
        assert sorted(seen) == [f"{pk}{n}" for n in range(7)]


class TestRivals:
    def test_of_many_threads_that_write_one_version_one_wins(self, store: Store, pk: str) -> None:
        put(store, pk, "A")

        def rival(n: int) -> bool:
            try:
                store.write([Put(Item(pk=pk, sk="A", version=1, body={"by": n})), Put(Item(pk=pk, sk=f"CLAIM{n}"))])
            except Conflict as lost:
                assert lost.keys == ((pk, "A"),)
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [n for n, winner in enumerate(pool.map(rival, range(16))) if winner]
        assert len(won) == 1
        assert sks(store.query(pk)) == ["A", f"CLAIM{won[0]}"]


def test_a_backup_takes_the_place_of_the_table_as_the_how_to_says(cloud: str, dynamo: DynamoStore, pk: str) -> None:
    admin, name = boto3.client("dynamodb", region_name=REGION), f"mlc-{cloud}"
    tenant: Json = {"name": "acme"}
    setup = FlowSetup("acme", "bills", "paper", source="a", target="b", cut_over=date(2026, 1, 1), state="live")
    dynamo.write([Put(Item("TENANTS", "TENANT#acme", tenant)), Put(Item(pk, "one", {}))])
    dynamo.write([setups.flow_put(setup)])
    copied = admin.create_backup(TableName=name, BackupName="before")["BackupDetails"]["BackupArn"]
    dynamo.write([Put(Item(pk, "two", {}))])
    admin.delete_table(TableName=name)
    admin.restore_table_from_backup(TargetTableName=name, BackupArn=copied)
    assert [item.sk for item in dynamo.query(pk).items] == ["one"]
    here = Cloud(cloud, REGION, None)
    assert list(mark_restored(here, "2026-03-01T00:00:00Z")) == ["acme bills: paused"]
    assert list(mark_restored(here, "2026-03-01T00:00:00Z")) == ["acme bills: was marked already"]
    assert setups.flows(dynamo, "acme")["bills"].paused_from == "live"
