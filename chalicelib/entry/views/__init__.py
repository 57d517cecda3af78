"""The views of /api/v1, by subject. Each is (engine, caller, request) -> answer, with plain values."""
