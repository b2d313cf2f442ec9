"""Beside: the append-only history, the outbox and the lease."""
