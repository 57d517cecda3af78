"""Procore as seen from outside: its OAuth server and the REST API's directory, cost and commitment side, in memory.

Written from the vendor's published behaviour and shares nothing with our own clients, so that a wrong idea in a
client is not repeated here.
"""

from simulator.systems.procore.app import ProcoreSimulator

__all__ = ["ProcoreSimulator"]
