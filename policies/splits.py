"""Whether a split may be asked for data like this, by the table. Never who is paid how much."""

from collections.abc import Mapping

from policies.engine import Decision, PolicySet, decide


def asked(policies: PolicySet, template: str, attributes: Mapping[str, object]) -> Decision:
    """`attributes`: what the registration says of the data; what it does not say counts as the strictest."""
    pi, status = attributes.get("pi"), attributes.get("public_status")
    facts: dict[str, str | bool | int] = {
        "split_template": template,
        "pi": pi if isinstance(pi, str) else "SENSITIVE",
        "public_status": status if isinstance(status, str) else "NOT_OPENED",
    }
    return decide(policies, "split_choice", facts)
