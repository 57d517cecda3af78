"""A loopback server that answers what the writer asks of QuickBooks Online, as fast as Python can: `python -m
benchmarks.sink` prints its port and serves until its standard input closes."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from itertools import count

ACCOUNTS = [
    {"Id": "1", "Name": "Accounts Payable", "AcctNum": "2000", "AccountType": "Accounts Payable"},
    {"Id": "2", "Name": "Concrete", "AcctNum": "5010", "AccountType": "Expense"},
]
VENDORS = [{"Id": str(100 + n), "DisplayName": f"Vendor {n}", "SyncToken": "0"} for n in range(50)]
LISTS = {b"Account": ACCOUNTS, b"Vendor": VENDORS}
TIME = '"time":"2026-11-20T10:00:00.000-08:00"}'
IDS = count(1)


def answer(path: bytes, body: bytes) -> bytes:
    if path.startswith(b"/oauth2/"):
        return b'{"token_type":"bearer","access_token":"a","expires_in":3600,"refresh_token":"r"}'
    if b"/bill" in path:
        bill = json.loads(body)
        total = sum(line["Amount"] for line in bill["Line"])
        made = {**bill, "Id": str(next(IDS)), "SyncToken": "0", "TotalAmt": round(total, 2)}
        return f'{{"Bill":{json.dumps(made)},{TIME}'.encode()
    for name, rows in LISTS.items():
        if b"FROM%20" + name in path:
            return f'{{"QueryResponse":{json.dumps({name.decode(): rows})},{TIME}'.encode()
    if b"/query" in path:
        return f'{{"QueryResponse":{{}},{TIME}'.encode()
    if b"/companyinfo" in path:
        return f'{{"CompanyInfo":{{"CompanyName":"Sink","Country":"US"}},{TIME}'.encode()
    return f'{{"Preferences":{{}},{TIME}'.encode()


def serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    kept = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in kept:
                piece = connection.recv(65536)
                if not piece:
                    return
                kept += piece
            head, _, kept = kept.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0
            )
            while len(kept) < length:
                kept += connection.recv(65536)
            body, kept = kept[:length], kept[length:]
            said = answer(head.split(b" ", 2)[1], body)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said) + said
            )


def main() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
