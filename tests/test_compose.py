"""The production file says what the design says: parsed by the compose specification, isolation asserted, no engine."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
DOMAINS = ("health", "power")
WORKERS = {f"worker_{domain}" for domain in DOMAINS}
OPERATOR = set(SERVICES) - WORKERS


def members(network: str) -> set[str]:
    return {name for name, service in SERVICES.items() if network in service["networks"]}


def mounts(service: str) -> set[str]:
    return {volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])}


def holders(secret: str) -> set[str]:
    return {
        name
        for name, service in SERVICES.items()
        for one in service.get("secrets", [])
        if secret == (one if isinstance(one, str) else one["source"])
    }


def test_it_is_a_compose_file() -> None:
    PyCompose.from_yaml(TEXT).validate()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("healthcheck:", "healthchek:"),
        ("      - control\n", "      - elsewhere\n"),
        ("  log_key_ed25519:\n", "  log_kay_ed25519:\n"),
    ],
)
def test_a_mistake_in_it_is_seen(right: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PyCompose.from_yaml(TEXT.replace(right, wrong)).validate()


def test_the_operator_mounts_no_data_and_stands_in_no_domain() -> None:
    data = {f"{domain}_data" for domain in DOMAINS}
    assert all(not mounts(name) & data for name in OPERATOR)
    assert all(not members(f"domain_{domain}") & OPERATOR for domain in DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_data_volume_is_mounted_by_one_worker(domain: str) -> None:
    assert [name for name in SERVICES if f"{domain}_data" in mounts(name)] == [f"worker_{domain}"]
    assert mounts(f"worker_{domain}") == {f"{domain}_data"}


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_worker_reaches_the_broker_and_the_proxy_and_nobody_else(domain: str) -> None:
    worker = SERVICES[f"worker_{domain}"]
    assert set(worker["networks"]) == {f"domain_{domain}", f"door_{domain}"}
    assert members(f"domain_{domain}") == {f"worker_{domain}"}
    assert members(f"door_{domain}") == {f"worker_{domain}", "proxy", "valkey"}
    assert "ports" not in worker


def test_every_network_but_the_edge_is_internal_and_only_the_proxy_is_at_the_edge() -> None:
    assert {name for name, network in FILE["networks"].items() if not network.get("internal")} == {"edge"}
    assert members("edge") == {"proxy"}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_the_database_is_reached_from_the_control_network_alone() -> None:
    assert set(SERVICES["postgres"]["networks"]) == {"control"}
    assert members("control") == OPERATOR - {"signer"}


def test_who_signs_the_log_is_reached_by_nobody_but_the_sequencer_over_a_socket() -> None:
    assert members("keys") == {"signer"}
    assert set(SERVICES["signer"]["networks"]) == {"keys"}
    assert {name for name in SERVICES if "signer_socket" in mounts(name)} == {"signer", "sequencer"}
    assert {name for name in SERVICES if "log_guard" in mounts(name)} == {"signer"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for grant in ("cap_add", "privileged", "devices", "network_mode", "pid", "ipc", "userns_mode", "volumes_from"):
        assert grant not in service
    # Named volumes only: no folder of the machine, no socket of its engine.
    assert mounts(name) <= set(FILE["volumes"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_root(name: str) -> None:
    service = SERVICES[name]
    assert service.get("user", "10001:10001").split(":")[0] not in {"0", "root"}
    assert "user" in service or service["build"]["dockerfile"] == "deploy/Dockerfile"
    assert "\nUSER 10001:10001\n" in (ROOT / "deploy/Dockerfile").read_text()


def test_a_key_is_held_by_the_one_process_that_signs_with_it() -> None:
    assert holders("ticket_key") == holders("payload_kek") == holders("pseudonym_key") == {"api"}
    assert holders("log_key_ed25519") == holders("log_key_mldsa44") == {"signer"}
    assert holders("broker-admin") == holders("broker-r_health") == holders("broker-r_power") == {"dispatch"}
    assert holders("broker_acl") == {"valkey"}
    assert holders("database_password") == {"postgres", "migrate", "api", "sequencer", "dispatch"}
    for domain in DOMAINS:
        assert holders(f"{domain}_broker_password") == {f"worker_{domain}"}


def test_secrets_are_files_and_never_values() -> None:
    assert all(set(secret) == {"file"} for secret in FILE["secrets"].values())
    assert all(holders(secret) for secret in FILE["secrets"])
    told = [(name, key) for name, service in SERVICES.items() for key in service.get("environment", {})]
    words = ("PASSWORD", "KEY", "TOKEN")
    assert [one for one in told if any(w in one[1] for w in words) and not one[1].endswith("_FILE")] == []


def test_the_broker_knows_nobody_that_its_acl_does_not_name() -> None:
    command = SERVICES["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--aclfile"] == "/run/secrets/broker_acl"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--appendonly"] == "yes"
    assert options["--port"] == "0"  # TLS only.


def test_a_worker_image_holds_nothing_of_the_exchange_but_the_wire() -> None:
    stages = (ROOT / "deploy/Dockerfile").read_text().split("FROM ")
    worker, exchange = stages[-1], stages[-2]
    assert [line.split()[1] for line in worker.splitlines() if line.startswith("COPY")] == [
        "policies",
        "exchange/__init__.py",
        "exchange/wire",
        "workers",
    ]
    assert "workers" not in exchange
