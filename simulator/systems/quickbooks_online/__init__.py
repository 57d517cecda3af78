"""QuickBooks Online as seen from outside: the Accounting API v3 and Intuit's OAuth server, in memory.

Written from the vendor's published behaviour and shares nothing with our own clients, so that a wrong idea in a
client is not repeated here.
"""

from simulator.systems.quickbooks_online.app import QuickBooksOnlineSimulator

__all__ = ["QuickBooksOnlineSimulator"]
