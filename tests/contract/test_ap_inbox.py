"""The simulated AP inbox takes mail as SES would be asked to send it, and makes draft bills of the attachments."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from simulator.systems.ap_inbox import ApInbox
from simulator.systems.serving import listen
from tests.contract.test_simulator_procurify import BILLS, Buying, fits

SENDER = "books@mlc.example"
LINES = ("Invoice number: INV-77", "Vendor: Northwind Paper Co", "Invoice date: 2026-05-01", "Due date: 2026-05-31")


def pdf(*lines: str) -> bytes:
    """The smallest invoice: one page of text."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 50 750 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    whole, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
    return whole + tail % (rows, len(whole))


class Post:
    def __init__(self, **options: Any) -> None:
        self.buying = Buying()
        self.inbox = ApInbox(procurify=self.buying.sim, clock=self.buying.clock, **options)
        self.server, url = listen(self.inbox)
        config = Config(retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        self.ses = boto3.client("sesv2", region_name="us-east-1", endpoint_url=url, config=config, **keys)

    def mail(self, *files: tuple[str, str, bytes], to: str = "", subject: str = "Bill INV-77") -> Any:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = SENDER, to or self.inbox.address, subject
        message.set_content("A bill from FreshBooks is attached.")
        for name, kind, data in files:
            main, _, sub = kind.partition("/")
            message.add_attachment(data, maintype=main, subtype=sub, filename=name)
        return self.ses.send_email(
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": [to or self.inbox.address]},
            Content={"Raw": {"Data": message.as_bytes()}},
        )

    def invoice(self, *lines: str, **options: Any) -> Any:
        return self.mail(("INV-77.pdf", "application/pdf", pdf(*(lines or LINES))), **options)

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.inbox.our_mistakes]


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.ses.close()


def test_a_mailed_invoice_becomes_a_draft_bill_that_people_complete(post: Post) -> None:
    assert post.invoice()["MessageId"]
    (mail,) = post.inbox.backstage_mails()
    assert (mail["to"], mail["subject"], mail["text"].strip()) == (
        [post.inbox.address],
        "Bill INV-77",
        "A bill from FreshBooks is attached.",
    )
    assert [(one["name"], one["problem"]) for one in mail["attachments"]] == [("INV-77.pdf", "")]
    (made,) = post.inbox.backstage_make_bills(mail["number"])
    (row,) = post.buying.get(BILLS, is_invoice_created="true")["data"]
    shown = (row["invoice_number"], row["vendor"]["id"], row["invoice_date"], row["due_date"], row["status"])
    assert shown == ("INV-77", post.buying.vendor, "2026-05-01", "2026-05-31", 0)
    assert row["total_cost_with_tax"] == 0  # OCR reads no amount
    fits(post.buying.get(f"/api/v2/ap/bills/{made['uuid']}/"), "/api/v2/ap/bills/{id}/", "get")
    post.inbox.backstage_complete_bill(made["uuid"], [{"account_code": "6100", "amount": "120.00"}])
    detail = post.buying.detail(made["uuid"])
    assert (detail["status"], detail["total_cost_with_tax"], detail["creator"]["lastName"]) == (2, 120.0, "Inbox")
    assert detail["invoice_attachments"][0]["name"] == "INV-77.pdf"
    assert post.mistakes() == []


def test_what_ocr_missed_a_person_names(post: Post) -> None:
    post.invoice("Vendor: Northwind Paper", "Invoice number: INV-77")  # a near-twin of the vendor's name
    assert post.inbox.backstage_make_bills(1) == []
    (made,) = post.inbox.backstage_make_bills(1, vendor_id=post.buying.vendor, due_date="2026-06-30")
    assert post.buying.detail(made["uuid"])["due_date"].startswith("2026-06-30")


def test_a_picture_needs_a_person(post: Post) -> None:
    post.mail(("scan.jpeg", "image/jpeg", b"\xff\xd8\xff"))
    assert post.inbox.backstage_make_bills(1) == []
    assert len(post.inbox.backstage_make_bills(1, vendor_id=post.buying.vendor, invoice_number="7")) == 1
    assert post.mistakes() == []


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (("bill.txt", "text/plain", b"hello"), "neither PDF, JPG nor PNG"),
        (("bill.exe", "application/pdf", b"%PDF-1.4"), "neither PDF, JPG nor PNG"),
        (("bill.pdf", "application/pdf", b"<html>"), "is no PDF"),
    ],
)
def test_a_file_that_the_inbox_does_not_read_makes_no_bill(post: Post, file: Any, said: str) -> None:
    post.mail(file)
    assert said in post.mistakes()[0]
    assert post.inbox.backstage_make_bills(1, vendor_id=post.buying.vendor) == []


def test_ten_attachments_are_read_and_the_rest_left_out(post: Post) -> None:
    post.mail(*[(f"{number}.pdf", "application/pdf", pdf(*LINES)) for number in range(11)])
    assert len(post.inbox.backstage_make_bills(1)) == 10
    assert len(post.mistakes()) == 1


def test_a_mail_without_a_file_and_one_to_a_stranger_are_noted(post: Post) -> None:
    post.mail()
    post.invoice(to="somebody@else.example")
    assert "no attachment" in post.mistakes()[0]
    assert post.mistakes()[1] == "the mail goes to somebody@else.example, which is not the inbox"
    assert post.inbox.backstage_make_bills(2) == []


def test_ses_sends_only_for_verified_senders(post: Post) -> None:
    post.inbox.senders = ("other@mlc.example",)
    with pytest.raises(ClientError) as refused:
        post.invoice()
    assert refused.value.response["Error"]["Code"] == "MessageRejected"
    assert post.inbox.backstage_mails() == []


@pytest.mark.parametrize(("fault", "mails"), [("drop_before", 0), ("drop_after", 1)])
def test_an_answer_lost_on_the_way_may_have_left_the_mail(post: Post, fault: Any, mails: int) -> None:
    post.inbox.backstage_fault(fault)
    with pytest.raises((HTTPClientError, EndpointConnectionError)):
        post.invoice()
    assert len(post.inbox.backstage_mails()) == mails


def test_mails_are_kept_over_a_restart(post: Post) -> None:
    post.invoice()
    state = post.inbox.dump()
    other = ApInbox(procurify=post.buying.sim)
    other.load(state)
    assert other.dump() == state
    assert other.backstage_read_attachment(1)["invoice_number"] == "INV-77"
