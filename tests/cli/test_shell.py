from __future__ import annotations

import json
import subprocess
import sys
import types
from typing import get_args

import click
import pytest

from monitor import __version__
from monitor.cli.main import COMMANDS, main, seawall
from monitor.cli.options import log_level_option
from monitor.errors import SeawallError
from monitor.logs import Level

CONFIG = """\
model: credit-risk
source: {type: kafka, bootstrap_servers: "localhost:9092", topics: [inference]}
reference: ./reference
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "seawall.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def failing(monkeypatch):
    """Put a command in the place of `run` that raises what it is given."""

    def failing(error):
        @click.command()
        def command():
            raise error

        module = types.ModuleType("failing")
        module.command = command
        monkeypatch.setitem(sys.modules, COMMANDS["run"].module, module)

    return failing


def seawall_process(*arguments, **options):
    program = "import sys; from monitor.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, **options
    )


def test_the_version_is_the_package_s(capsys):
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"seawall {__version__}\n"


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in told] == []


@pytest.mark.parametrize("name", ["run", "replay", "reference", "check-config", "schema"])
def test_each_command_is_there_and_explains_itself(name, capsys):
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: seawall {name}")


def test_help_imports_nothing_that_a_command_needs():
    program = "import sys; from monitor.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(run.stderr.split()) & {"numpy", "kafka", "pydantic", "yaml", "structlog", "rich"} == set()


@pytest.mark.parametrize("arguments", [["chek-config"], ["run", "--nonsense"], ["--nonsense"]])
def test_wrong_usage_ends_with_2(arguments, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Error: No such" in told.err


def test_a_mistake_that_can_be_mended_is_words_without_a_traceback(failing, capsys):
    failing(SeawallError("the port is taken. Use another"))
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "the port is taken. Use another\n"


@pytest.mark.parametrize("arguments", [["--debug", "run"], ["run", "--debug"]])
def test_debug_shows_the_traceback_too(failing, capsys, arguments):
    failing(SeawallError("the port is taken. Use another"))
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("the port is taken. Use another\n")


def test_a_mistake_in_the_configuration_ends_with_2(file, capsys):
    file.write_text(CONFIG + "slot: ten\n")
    assert main(["check-config", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{file}: 1 mistake\n  slot  ")


def test_a_file_that_cannot_be_written_is_words(failing, capsys):
    failing(PermissionError(13, "Permission denied", "/root/out"))
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "/root/out: Permission denied\n"


def test_a_fault_of_our_own_shows_itself(failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["run"])


def test_an_interrupt_ends_with_130(failing, capsys):
    failing(KeyboardInterrupt())
    assert main(["run"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_goes_away_leaves_no_traceback():
    program = "import sys; from monitor.cli.main import main; sys.exit(main())"
    run = subprocess.Popen(
        [sys.executable, "-c", program, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    run.stdout.close()
    assert run.stderr.read() == ""
    run.stderr.close()
    assert run.wait() == 1


def test_check_config_says_what_would_be_watched(file, capsys):
    file.write_text(CONFIG + 'http: {token: "${NOT_SET_ANYWHERE}"}\n')
    assert main(["check-config", str(file)]) == 0
    told = capsys.readouterr()
    assert told.out == (
        f"{file}: valid\n"
        f"  watches   credit-risk, accepted on {file.parent}/reference\n"
        "            at most 1 false alert per 30d; tells stdout from info\n"
        "  reads     Kafka inference at localhost:9092 as seawall-credit-risk\n"
        "  counts    slots of 10s, records up to 30s late\n"
        "  serves    http://127.0.0.1:9464/metrics\n"
        f"  keeps     its state in {file.parent}/state\n"
    )
    assert (
        "warning: http.token: the environment variable NOT_SET_ANYWHERE is not set. `seawall run` needs it" in told.err
    )


def test_check_config_says_what_several_processes_share_and_what_the_folder_holds(file, capsys):
    file.write_text(CONFIG.replace("[inference]", "[inference], group_id: team") + "replicas: {}\n")
    assert main(["check-config", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  shares    partitions and models with the group team, by team.tallies and team.state",
        f"  keeps     what is remembered in team.state; in {file.parent}/state a lock, nothing that must survive",
    ]


def test_check_config_refuses_a_file_where_the_state_should_be(file, capsys):
    file.write_text(CONFIG + "state_dir: seawall.yaml/state\n")
    assert main(["check-config", str(file)]) == 2
    assert f"  state_dir  {file} is a file. Name a folder\n" in capsys.readouterr().err


def test_a_missing_reference_is_a_warning_that_names_the_command(file, capsys):
    assert main(["check-config", str(file)]) == 0
    assert "warning: credit-risk: no reference in" in (told := capsys.readouterr().err)
    assert "seawall reference build" in told


def test_before_a_reference_is_learned_check_config_says_what_stands_in_for_it(file, capsys):
    file.write_text(CONFIG.replace("./reference", "{path: ./reference, learn: 20000}"))
    assert main(["check-config", str(file)]) == 0
    told = capsys.readouterr()
    assert "  watches   credit-risk, compared with its first 20,000 records\n" in told.out
    assert told.err == (
        f"warning: credit-risk: no reference in {file.parent}/reference yet, so the first 20,000 records stand in for "
        "one, and every alert says that nobody accepted it. Or accept one first: "
        'seawall reference build DATA --promote --by YOU --why "…"\n'
    )


def test_the_configuration_is_looked_for_in_the_working_folder(file, monkeypatch, capsys):
    monkeypatch.chdir(file.parent)
    assert main(["check-config"]) == 0
    assert capsys.readouterr().out.startswith("seawall.yaml: valid\n")


def test_the_schema_is_json(capsys):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["slot"]["description"]


def test_the_levels_of_the_option_are_those_of_the_log():
    @click.command()
    @log_level_option
    def command(log_level):
        pass

    assert tuple(command.params[0].type.choices) == get_args(Level)


def test_running_as_a_process_gives_the_exit_code(file):
    assert seawall_process("check-config", str(file)).returncode == 0
    assert seawall_process("check-config", "/nowhere.yaml").returncode == 2


def test_the_entry_point_is_the_group_that_help_shows():
    assert set(seawall.list_commands(click.Context(seawall))) == set(COMMANDS)


def test_a_signal_sent_twice_at_once_asks_once():
    program = """
import os, signal
from monitor.cli.run import asked_to_stop
asked = asked_to_stop()
for _ in range(2):
    os.kill(os.getpid(), signal.SIGTERM)
print(asked.is_set())
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "True\n")
