"""What the environment says is read as it is meant, or refused."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from exchange.settings import Settings


@pytest.mark.parametrize(
    ("name", "word"),
    [("DX_BANK_RAIL", "file"), ("DX_LOG_SM2", "ture"), ("DX_WITNESS_QUORUM", "two"), ("DX_CADENCE_MS", "0")],
)
def test_a_word_mistyped_is_refused_and_not_shown(name: str, word: str) -> None:
    with pytest.raises(ValueError, match="Settings") as refused:
        Settings.read({name: word})

    assert f"'{word}'" not in str(refused.value)


def test_any_password_reaches_the_database_as_it_stands_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "database_password").write_text("p@ss/w:rd?#%20\n")
    said = {"DX_SECRETS": str(tmp_path), "DX_DATABASE_URL": "postgresql+psycopg://exchange@db:5432/exchange"}

    assert make_url(Settings.read(said).database_url).password == "p@ss/w:rd?#%20"
