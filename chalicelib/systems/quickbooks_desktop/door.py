"""Whose books these are: only a session of the Web Connector learns it, from the company file that is open."""

from __future__ import annotations

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Company


class QuickBooksDesktopDoor:
    def __init__(self, line: Line) -> None:
        self.line = line

    def company(self) -> Company:
        """The company that a session found; every session compares it again before it hands out anything."""
        connection = self.line.connection
        if connection.pinned is None:
            raise TryAgain(f"The Web Connector has not opened the company file of {connection.name} yet.", counts=False)
        return connection.pinned
