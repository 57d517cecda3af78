"""FreshBooks, simulated from its sheet: the login server, identities, the accounting and business families, callbacks.

It shares no code with our client. What a careful client never sends is answered as the vendor does and noted in
`our_mistakes`.
"""

from simulator.systems.freshbooks.app import FreshBooksSimulator

__all__ = ["FreshBooksSimulator"]
