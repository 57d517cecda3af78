"""The one list of systems and flows: a name, and the dotted path that is loaded on first use."""

from __future__ import annotations

SYSTEMS: dict[str, str] = {
    "procurify": "chalicelib.systems.procurify",
    "quickbooks_online": "chalicelib.systems.quickbooks_online",
    "quickbooks_desktop": "chalicelib.systems.quickbooks_desktop",
    "freshbooks": "chalicelib.systems.freshbooks",
    "procore": "chalicelib.systems.procore",
}

FLOWS: dict[str, str] = {
    "procurify_to_quickbooks_online": "chalicelib.flows.procurify_to_quickbooks_online",
    "procurify_to_quickbooks_desktop": "chalicelib.flows.procurify_to_quickbooks_desktop",
    "quickbooks_online_to_procore": "chalicelib.flows.quickbooks_online_to_procore",
    "quickbooks_desktop_to_procore": "chalicelib.flows.quickbooks_desktop_to_procore",
    "freshbooks_and_procurify": "chalicelib.flows.freshbooks_and_procurify",
}

TARGETS: tuple[str, ...] = (
    "freshbooks",
    "procore",
    "procurify",
    "quickbooks_desktop",
    "quickbooks_online",
)  # systems that are written to: each has a queue and a writer

MAILED: tuple[str, ...] = ("procurify",)  # targets that some things reach by mail alone

CALLERS: dict[str, str] = {"quickbooks_desktop": "/qbwc"}  # systems that cannot be called: each calls us at its path
