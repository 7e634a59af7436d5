"""`source`: what is accepted, what is refused and in which words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from monitor.config.source import FileSource, KafkaSource

LEAST = {"type": "kafka", "bootstrap_servers": "localhost:9092", "topics": ["inference"]}
LOGIN = {"sasl_mechanism": "PLAIN", "sasl_username": "ada", "sasl_password": "s3cret"}


def refused(model, **settings):
    """Return path to words of every mistake."""
    with pytest.raises(ValidationError) as error:
        model.model_validate(settings)
    return {".".join(map(str, one["loc"])): one["msg"].removeprefix("Value error, ") for one in error.value.errors()}


def test_the_least_is_enough():
    source = KafkaSource(**LEAST)
    assert source.bootstrap_servers == ("localhost:9092",)
    assert (source.topics, source.start, source.group_id) == (("inference",), "earliest", None)


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("a:1,b.example:65535", ("a:1", "b.example:65535")),
        (["a:9092", "10.0.0.1:9093"], ("a:9092", "10.0.0.1:9093")),
        ("[::1]:9092", ("[::1]:9092",)),
    ],
)
def test_addresses_are_one_text_or_a_list(written, addresses):
    assert KafkaSource(**LEAST | {"bootstrap_servers": written}).bootstrap_servers == addresses


@pytest.mark.parametrize(
    ("key", "found", "words"),
    [
        ("topics", "inference", "write a list of topic names: topics: [inference]"),
        ("topics", "a, b", "write a list of topic names: topics: [inference]"),
        ("topics", [], "write a list of topic names: topics: [inference]"),
        ("topics", ["a", "a"], "a topic is named twice"),
        (
            "topics",
            ["a b"],
            '"a b" is not a topic name: letters, digits, ".", "_" and "-", at most 249 of them',
        ),
        (
            "bootstrap_servers",
            "localhost",
            '"localhost" is not an address. Write host:port, for example localhost:9092',
        ),
        (
            "bootstrap_servers",
            ["kafka://a:9092"],
            '"kafka://a:9092" is not an address. Write host:port, for example localhost:9092',
        ),
        ("bootstrap_servers", "a:0", '"a:0" is not an address. Write host:port, for example localhost:9092'),
        ("bootstrap_servers", [], "name at least one broker: host:port"),
        ("bootstrap_servers", 9092, 'write "host:port", or a list of them'),
        (
            "start",
            "yesterday",
            '"yesterday" is not a time. Write it as RFC 3339 in UTC: 2026-01-31T14:05:00Z, or earliest, or latest',
        ),
        (
            "group_instance_id",
            "pod 1",
            '"pod 1" is not a name: letters, digits, ".", "_" and "-", at most 249 of them',
        ),
        (
            "transport",
            "confluent",
            "confluent is not carried out by this build. Leave the key out, or write kafka-python",
        ),
    ],
)
def test_a_mistake_is_told_where_it_is(key, found, words):
    assert refused(KafkaSource, **LEAST | {key: found}) == {f"{key}": words}


def test_a_time_to_start_from_is_in_milliseconds():
    assert KafkaSource(**LEAST | {"start": "1970-01-01T00:00:01.5Z"}).start == 1_500


def test_unknown_keys_are_refused():
    assert list(refused(KafkaSource, **LEAST | {"topic": "inference"})) == ["topic"]
    assert list(refused(FileSource, type="file", path="x", format="csv")) == ["format"]


def test_a_login_needs_all_of_its_parts():
    words = "is needed with security_protocol SASL_SSL"
    assert refused(KafkaSource, **LEAST, security_protocol="SASL_SSL") == dict.fromkeys(LOGIN, words)


def test_a_login_without_its_protocol_has_no_use():
    words = "has no use with security_protocol PLAINTEXT. Write SASL_SSL or SASL_PLAINTEXT there"
    assert refused(KafkaSource, **LEAST, **LOGIN) == dict.fromkeys(LOGIN, words)


def test_certificates_without_tls_have_no_use(tmp_path):
    (tmp_path / "ca.pem").touch()
    found = refused(KafkaSource, **LEAST, ssl_cafile=tmp_path / "ca.pem", ssl_password="p")
    words = "has no use with security_protocol PLAINTEXT. Write SSL or SASL_SSL there"
    assert found == {"ssl_cafile": words, "ssl_password": words}


def test_a_certificate_that_is_not_there_is_told(tmp_path):
    tls = LEAST | {"security_protocol": "SSL", "ssl_cafile": "ca.pem"}
    with pytest.raises(ValidationError, match=f"there is no file {tmp_path}/ca.pem"):
        KafkaSource.model_validate(tls, context={"folder": tmp_path})
    (tmp_path / "ca.pem").touch()
    assert KafkaSource.model_validate(tls, context={"folder": tmp_path}).ssl_cafile


def test_a_key_without_its_certificate_is_told(tmp_path):
    (tmp_path / "key.pem").touch()
    found = refused(KafkaSource, **LEAST, security_protocol="SSL", ssl_keyfile=tmp_path / "key.pem")
    assert found == {"ssl_keyfile": "a private key alone proves nothing. Give its ssl_certfile too"}


def test_mechanisms_that_cannot_work_are_refused():
    for mechanism in ("OAUTHBEARER", "GSSAPI"):
        assert "sasl_mechanism" in refused(
            KafkaSource, **LEAST | LOGIN | {"security_protocol": "SASL_SSL", "sasl_mechanism": mechanism}
        )


def test_protocol_and_mechanism_may_be_written_small():
    source = KafkaSource(**LEAST, **LOGIN | {"sasl_mechanism": "scram-sha-256"}, security_protocol="sasl_ssl")
    assert (source.security_protocol, source.sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert "security_protocol" in refused(KafkaSource, **LEAST, security_protocol="tls")


def test_secrets_do_not_show():
    source = KafkaSource(**LEAST, **LOGIN, security_protocol="SASL_SSL")
    assert "s3cret" not in f"{source} {source!r} {source.model_dump_json()}"
    assert source.connection()["sasl_plain_password"] == "s3cret"


def test_sources_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        KafkaSource(**LEAST).start = "latest"
    with pytest.raises(ValidationError, match="frozen"):
        FileSource(type="file", path="x").rate = 1.0


@pytest.mark.parametrize("path", ["x.parquet", "x.parquet.gz"])
def test_parquet_is_refused_by_name(path):
    assert refused(FileSource, type="file", path=path) == {
        "path": "Parquet is not read by this build. Write the table as .csv or .jsonl"
    }


@pytest.mark.parametrize("rate", [0, -1, 2_000_000, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate):
    assert list(refused(FileSource, type="file", path="x", rate=rate)) == ["rate"]


@pytest.mark.parametrize("model", [KafkaSource, FileSource])
def test_every_field_is_documented_where_it_is_defined(model):
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_what_is_built_is_what_was_configured():
    reader = FileSource(type="file", path="x.jsonl", rate=50).build("m")
    assert (reader.stamped, reader.finished, {p.topic for p in reader.partitions()}) == (False, False, {"x.jsonl"})
    kafka = KafkaSource(**LEAST, start="latest").build("m")
    assert (kafka.stamped, kafka.finished, kafka.partitions()) == (True, False, set())
