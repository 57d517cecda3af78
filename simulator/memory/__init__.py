"""The engine's ports in memory, with AWS's manners: the same conditions, limits and failures, none of the waiting."""
