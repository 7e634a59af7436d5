from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monitor.config.secrets import secrets_in
from monitor.errors import ConfigError

CANARY = "canary-7f3a\\\"'\n-never-to-be-seen"

EVERYTHING = """\
model: credit-risk
source:
  type: kafka
  bootstrap_servers: "localhost:9092"
  topics: [inference]
  group_id: group
  group_instance_id: one
  start: earliest
  security_protocol: SASL_SSL
  ssl_cafile: ca.pem
  ssl_password: password
  sasl_mechanism: PLAIN
  sasl_username: user
  sasl_password: password
reference: {path: ./reference, learn: 1000}
format: auto
slot: 10s
false_alarm_every: 30d
tolerance: {features: 0.1, feature.income: 0.2}
features: {income: {type: numeric, min: 0, importance: high, ignore: false}}
sinks:
  - {type: stdout, min_severity: info}
  - {type: file, path: out.jsonl, name: out}
  - {type: slack, webhook_url: "https://hooks.example/services/T/B/x"}
  - {type: pagerduty, routing_key: 0123456789abcdef0123456789abcdef}
  - {type: webhook, url: "https://example.org/x", secrets: [whsec_c2VjcmV0]}
runbook: https://wiki.example/{model}
dead_letters: {to: topic, max_share: 0.5}
state_dir: ./state
http: {listen: "127.0.0.1:9464", token: long-enough}
privacy: {hash_key: sixteen-letters-at-least, show: [income]}
"""


def leaves(value, where=()):
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in leaves(item, (*where, key))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in leaves(item, (*where, index))]
    return [where]


LEAVES = leaves(yaml.safe_load(EVERYTHING))


SECRETS = [
    ("source", "ssl_password"),
    ("source", "sasl_password"),
    ("sinks", 2, "webhook_url"),
    ("sinks", 3, "routing_key"),
    ("sinks", 4, "url"),
    ("sinks", 4, "secrets", 0),
    ("http", "token"),
    ("privacy", "hash_key"),
]


@pytest.fixture
def everything(tmp_path):
    (tmp_path / "ca.pem").write_text("")
    return yaml.safe_load(EVERYTHING)


def put(document, where, value):
    for part in where[:-1]:
        document = document[part]
    document[where[-1]] = value


def complaint(reading, text):
    try:
        reading(text, CANARY=CANARY)
    except ConfigError as refused:
        return str(refused)
    return ""


def test_the_configuration_with_everything_is_valid(reading, everything):
    assert reading(yaml.safe_dump(everything)).config.http.token.get_secret_value() == "long-enough"


@pytest.mark.parametrize("where", LEAVES, ids=lambda where: ".".join(map(str, where)))
@pytest.mark.parametrize("written", ["${CANARY}", "https://${CANARY}"])
def test_no_error_shows_a_value_from_outside(reading, everything, where, written):
    put(everything, where, written)
    words = complaint(reading, yaml.safe_dump(everything))
    assert "canary" not in words
    assert "never-to-be-seen" not in words


def test_every_secret_is_found_for_those_who_mask_it(reading, everything):
    written = set()
    for where in SECRETS:
        value = everything
        for part in where:
            value = value[part]
        written.add(value)
    assert set(secrets_in(reading(yaml.safe_dump(everything)).config)) == written


@pytest.mark.parametrize("where", SECRETS)
def test_no_secret_shows_in_the_configuration(reading, everything, where):
    secret = "https://0123456789abcdef0123456789abcdef"[-32 if where[-1] == "routing_key" else 0 :]
    put(everything, where, secret)
    assert secret not in repr(reading(yaml.safe_dump(everything)))


@pytest.mark.parametrize(
    "where", [("sinks", 2, "webhook_url"), ("sinks", 3, "routing_key"), ("source", "sasl_password")]
)
def test_no_secret_written_into_the_file_itself_is_shown(reading, everything, where):
    put(everything, where, [7_355_608])
    with pytest.raises(ConfigError) as refused:
        reading(yaml.safe_dump(everything))
    assert "7355608" not in str(refused.value)


def test_several_places_in_one_text_are_filled(config, smallest):
    found = config(smallest.replace("localhost:9092", "${HOST}:${PORT}"), HOST="broker", PORT="9093")
    assert found.source.bootstrap_servers == ("broker:9093",)


def test_a_variable_may_hold_a_number(config, smallest):
    found = config(smallest + 'tolerance: "${W}"\ndead_letters: {max_share: "${SHARE}"}\n', W="0.2", SHARE="0.9")
    assert (found.tolerance.number, found.dead_letters.max_share) == (0.2, 0.9)


def test_what_a_variable_holds_is_not_looked_into_again(config, smallest):
    assert config(smallest + 'state_dir: "/${A}"\n', A="$B-${C}").state_dir == Path("/$B-${C}")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_gives_its_text_without_the_newline_at_its_end(config, smallest, tmp_path, ending):
    (tmp_path / "token").write_bytes(f"a-long-token{ending}".encode())
    found = config(smallest + 'http: {token: "${file:token}"}\n')
    assert found.http.token.get_secret_value() == "a-long-token"


def test_a_dollar_that_begins_no_place_stays(config, smallest):
    assert config(smallest + "runbook: https://x/$HOME/$\n").runbook == "https://x/$HOME/$"


NEEDED_FOR_TELLING = """
sinks:
  - {type: stdout}
  - {type: slack, webhook_url: "${SLACK}"}
  - {type: pagerduty, routing_key: "${PAGERDUTY}"}
http: {token: "${TOKEN}"}
"""


def test_commands_that_tell_nobody_need_no_secrets(reading, smallest):
    found = reading(smallest + NEEDED_FOR_TELLING, secrets=False)
    assert [sink.name for sink in found.config.sinks] == ["stdout"]
    assert [problem.path for problem in found.unset] == ["sinks[1].webhook_url", "sinks[2].routing_key", "http.token"]


def test_commands_that_tell_need_them_all(reading, smallest):
    with pytest.raises(ConfigError, match="3 mistakes"):
        reading(smallest + NEEDED_FOR_TELLING, secrets=True)


def test_other_mistakes_of_a_sink_count_without_its_secret(reading, smallest):
    with pytest.raises(ConfigError, match=r"1 mistake\n  sinks\[0\].chanel"):
        reading(smallest + 'sinks: [{type: slack, webhook_url: "${SLACK}", chanel: x}]\n', secrets=False)


def test_the_source_s_secrets_are_not_needed_where_it_is_not_read(reading, smallest):
    text = smallest.replace("topics:", 'group_id: "${GROUP}", topics:')
    assert reading(text, secrets=False).config.source.group_id == "${GROUP}"


UNFILLED = """
model: m
source: {type: kafka, bootstrap_servers: "${HOST}:9092", topics: [inference, "${TOPIC}"], start: "${START}",
         security_protocol: "${PROTOCOL}", sasl_mechanism: "${HOW}", sasl_username: "${WHO}", sasl_password: "${WORD}",
         ssl_cafile: "${CA}"}
reference: ./reference
http: "${LISTEN}"
"""


def test_nothing_of_source_and_http_is_needed_by_who_neither_reads_nor_serves(reading):
    found = reading(UNFILLED, secrets=False)
    assert (found.config.source.bootstrap_servers, found.config.source.topics[1]) == (("${HOST}:9092",), "${TOPIC}")
    assert [problem.path for problem in found.unset] == [
        *("source.bootstrap_servers", "source.topics[1]", "source.start", "source.security_protocol"),
        *("source.sasl_mechanism", "source.sasl_username", "source.sasl_password", "source.ssl_cafile", "http"),
    ]
    with pytest.raises(ConfigError, match="9 mistakes"):
        reading(UNFILLED, secrets=True)


def test_other_mistakes_beside_what_is_not_set_count(reading):
    wrong = UNFILLED.replace("[inference, ", '["in ference", ').replace("ssl_cafile", "transport: x, ssl_cafile")
    with pytest.raises(ConfigError, match=r"1 mistake\n  source.transport  "):
        reading(wrong, secrets=False)


def test_a_rate_and_a_path_are_not_needed_either(reading):
    found = reading(
        'model: m\nsource: {type: file, path: "${P}", rate: "${R}"}\nreference: ./reference\n', secrets=False
    )
    assert [problem.path for problem in found.unset] == ["source.path", "source.rate"]


def test_sinks_of_one_model_need_no_secrets_either(reading):
    found = reading(
        "source: {type: file, path: '-'}\nreference: './{model}'\n"
        'models: {a: {sinks: [{type: slack, webhook_url: "${SLACK}"}]}, b: }\n',
        secrets=False,
    )
    models = found.config.models_resolved()
    assert models["a"].sinks == ()
    assert [sink.name for sink in models["b"].sinks] == ["stdout"]


def test_a_file_without_end_is_too_large(reading):
    words = complaint(reading, "model: m\nsource: {type: file, path: x}\nreference: ${file:/dev/zero}\n")
    assert "reference  ${file:/dev/zero}: the file is larger than 65,536 bytes" in words
