"""The closed list of what the log may say. A type that is not here is refused when written and when verified."""

TYPES: frozenset[str] = frozenset(
    {
        "demo.changed",
        "demo.made",
        "key.added",
        "key.compromised",
        "key.retired",
        "log.continued",
        "log.frozen",
        "log.opened",
        "payload.erased",
    }
)
