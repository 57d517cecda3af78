"""Addresses that a customer names: only the open internet may be reached by them, never what stands beside us."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

LONGEST = 500
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))  # in part "global", and no place for a webhook
_OPEN = IPv6Network("2000::/3")  # all that is given out; mapped, local and translated addresses lie elsewhere
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # they lead on to an IPv4 address written inside


def unfit(url: str, *, local: bool = False) -> str:
    """What the URL should be instead; "" when it fits. `local`: on one machine, http and loopback will do."""
    plain = url.isascii() and url.isprintable() and not {" ", "\\"} & set(url)
    try:
        parts = urlsplit(url if plain else "")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an https address"
    faults = {
        f"an https address of at most {LONGEST} characters": len(url) > LONGEST,
        "an https address": not host or parts.scheme not in (("https", "http") if local else ("https",)),
        "an https address without user name and password": parts.username is not None or parts.password is not None,
        "an https address without another port than 443": not local and port not in (None, 443),
        "an https address of the open internet": not _leads_out(host, local=local),
    }
    return next((says for says, wrong in faults.items() if wrong), "")


def reachable(address: str, *, local: bool = False) -> bool:
    """Whether the IP address is one of the open internet (or, `local`, this machine's own)."""
    try:
        found = ip_address(address)
    except ValueError:
        return False  # with a scope ("fe80::1%eth0"), or none at all
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if local and found.is_loopback:
        return True
    if isinstance(found, IPv4Address):
        special = found.is_multicast or found.is_reserved or any(found in network for network in _SPECIAL)
        return found.is_global and not special
    return found in _OPEN and found.is_global and not any(found in tunnel for tunnel in _TUNNELS)


def _leads_out(host: str, *, local: bool) -> bool:
    """What can be said of a host before anybody is asked where it is."""
    try:
        ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return local if name == "localhost" or name.endswith(".localhost") else "." in name
    return reachable(host, local=local)
