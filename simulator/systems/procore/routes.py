"""Every address that is answered. Owner invoices are none of them: no bill ever goes there."""

from __future__ import annotations

from simulator.systems.procore.routes_costs import COST_ROUTES
from simulator.systems.procore.routes_lists import LISTS

ROUTES = (*LISTS, *COST_ROUTES)
