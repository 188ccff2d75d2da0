"""A market with nothing listed yet: a supplier with a domain, a rival, and a calendar that begins on 2 March 2026."""

from datetime import UTC, datetime
from typing import Any

from demo import forms
from tests.provider import SPEC
from tests.scenarios.overseeing import D, Overseen


class Registering(Overseen):
    """`form` is a form of registration for the supplier's domain; nothing has been submitted."""

    form: dict[str, Any]

    def _listed(self, template: dict[str, Any]) -> dict[str, Any]:
        self.template = template
        self.form = forms.registration(SPEC, self.provider.prepared())
        self.rival = self.member("rival", 41, "SUPPLIER")
        return {}

    def at_time(self, text: str) -> None:
        """Let it be a time in Shanghai, such as `2026-03-10 14:00`, and let the clockwork look."""
        self.now = int(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC).timestamp()) * 1_000_000
        self.clockwork.run_once()

    def publicised(self, **changed: Any) -> str:
        """Submitted and looked at twice on one day; the publicity runs."""
        asset_id = str(self.supplier.submit_asset({**self.form, **changed})["id"])
        for verb in ("accept", "pass-formal-review", "start-publicity"):
            self.staff["registrar"].asset_step(asset_id, verb)
        return asset_id

    def issued(self, asset_id: str) -> dict[str, Any]:
        return self.staff["registrar"].asset_step(asset_id, "issue-certificate")

    def graded(self, asset_id: str, claimed: str = "G2") -> dict[str, Any]:
        self.supplier.grading_step(asset_id, "self-grade", {"claimed": claimed})
        self.officer.grading_step(asset_id, "review")
        return self.second.grading_step(asset_id, "confirm")

    def live(self, asset_id: str, **changed: Any) -> dict[str, Any]:
        """Graded, listed and assessed."""
        self.graded(asset_id)
        listing = self.supplier.submit_listing(
            asset_id=asset_id,
            merchant_id=self.id_of("merchant"),
            template={**self.template, **changed},
            quality_report_sha256=D,
        )
        self.officer.assess(listing["id"], passed=True, report_sha256=D, assessor_id=self.id_of("merchant"))
        self.listing = self.supplier.publish(listing["id"])
        return self.listing
