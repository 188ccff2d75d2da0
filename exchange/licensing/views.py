"""Listings and licences as they are looked up: by domain, by party, by state."""

from sqlmodel import Field, SQLModel

from exchange.kernel.views import DERIVED, Projection, shows
from exchange.licensing.model import Licence, Listing


class ListingRow(SQLModel, table=True):
    __tablename__ = "listing"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    asset_id: str = Field(index=True)
    provider_id: str
    merchant_id: str
    domain: str
    sector: str
    title_zh: str
    title_en: str
    template: str


class LicenceRow(SQLModel, table=True):
    __tablename__ = "licence"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str
    listing_id: str
    asset_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    buyer_id: str = Field(index=True)
    domain: str


@shows(Listing)
def _listing(shown: Projection) -> None:
    listing: Listing = shown.entity
    template = listing.template.model_dump_json() if listing.template else ""
    fields = listing.model_dump(include=set(ListingRow.model_fields) - {"template"})
    shown.put(ListingRow(**fields, template=template))


@shows(Licence)
def _licence(shown: Projection) -> None:
    shown.put(LicenceRow(**shown.entity.model_dump(include=set(LicenceRow.model_fields))))
