"""The exchange's API over one store, in this process: what a stranger or a member sees over HTTP. Runs no threads."""

from pathlib import Path

from fastapi.testclient import TestClient

from exchange.app import create_app
from exchange.house import House
from exchange.kernel.clock import system_clock
from exchange.kernel.unit import Ground
from exchange.ledger.store import Store
from exchange.settings import Settings
from exchange.wire.keys import PrivateKey
from policies.engine import load_policies


def opened(store: Store, home: Path) -> TestClient:
    """The door of an exchange whose log is `store`; the lifespan is not entered, so nothing runs beside a request."""
    settings = Settings.read({"DX_HOME": str(home), "DX_DATABASE_URL": "postgresql://not-opened"})
    ground = Ground(store, system_clock, load_policies(), key=PrivateKey.generated())
    return TestClient(create_app(House(settings, ground, ())), raise_server_exceptions=False)
