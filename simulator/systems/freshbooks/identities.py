"""Who we are and which businesses that opens: the identity's own address, counted strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks.account import Account, Json
from simulator.systems.freshbooks.oauth import Identity
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.freshbooks.app import FreshBooksSimulator

ME = "/auth/api/v1/users/me"


def me(sim: FreshBooksSimulator, request: Request) -> Response:
    token = sim.token(request)
    left, headers = sim.count_me(token.identity)
    if left < 0:
        return json_response(
            {"error": "rate_limited", "error_description": "Too many requests."}, status=429, headers=headers
        )
    who = sim.identities[token.identity]
    return json_response({"response": shown(sim, who)}, headers=headers)


def shown(sim: FreshBooksSimulator, who: Identity) -> Json:
    """No `result` layer here. A client-only membership has no account at all."""
    mine = [(sim.accounts[account_id], role) for account_id, role in who.roles.items()]
    return {
        "id": who.id,
        "profile": {"setup_complete": True, "first_name": who.first_name, "last_name": who.last_name},
        "identity_id": who.id,
        "identity_uuid": who.uuid,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "email": who.email,
        "language": "en",
        "confirmed_at": "2017-05-23T05:57:24Z",
        "created_at": "2017-05-23T05:42:42Z",
        "unconfirmed_email": None,
        "setup_complete": True,
        "links": {"me": f"/service/auth/api/v1/users?id={who.id}"},
        "permissions": {
            one.account_id: {"advanced_accounting.access": one.advanced_accounting}
            for one, role in mine
            if role != "client"
        },
        "subscription_statuses": {one.account_id: one.status for one, role in mine if role != "client"},
        "integrations": {},
        "business_memberships": [_membership(who, one, role) for one, role in mine],
        "identity_origin": None,
        "roles": [],
    }


def _membership(who: Identity, account: Account, role: str) -> Json:
    return {
        "id": account.business_id + 100_000,  # never the business id: reading it as one finds nothing
        "role": role,
        "unacknowledged_change": False,
        "business": {
            "id": account.business_id,
            "business_uuid": account.business_uuid,
            "name": account.name,
            "account_id": None if role == "client" else account.account_id,
            "date_format": "mm/dd/yyyy",
            "address": None,
            "phone_number": None,
            "business_clients": [],
        },
    }
