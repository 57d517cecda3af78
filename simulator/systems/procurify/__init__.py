"""Procurify, simulated from its sheet: the token server, vendors, bills, purchase orders and the lists around them."""

from simulator.systems.procurify.app import ProcurifySimulator

__all__ = ["ProcurifySimulator"]
