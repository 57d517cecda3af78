"""QuickBooks Desktop on a PC as seen from outside: the company file with its qbXML processor, and the Web Connector.

Written from the vendor's published behaviour and shares nothing with our own code, so that a wrong idea there is not
repeated here.
"""

from simulator.systems.quickbooks_desktop.app import QuickBooksDesktopSimulator

__all__ = ["QuickBooksDesktopSimulator"]
