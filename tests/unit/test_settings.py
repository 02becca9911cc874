"""Settings: where a value comes from, what is refused, and what is said about it."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from travel_perks.errors import ConfigurationError, Exit, UsageError
from travel_perks.running.run_settings import (
    child_environment,
    freeze,
    frozen,
    secrets,
    settings_of_command,
)
from travel_perks.settings import (
    ENV_PREFIX,
    Settings,
    kind_of,
    load_settings,
    megabytes,
    read_config_file,
)

SECRET = "https://ann:s3cret@example.com/users.csv?token=abc#part"
RESULT = {
    "users_url", "sessions_url", "flights_url", "hotels_url", "start_date", "min_sessions", "seed",
    "clusters", "max_reject_share", "perks_file", "source_expectations_file",
    "gold_expectations_file",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(ENV_PREFIX + name.upper(), raising=False)


def load(**layers: Any) -> Settings:
    return load_settings(environment=layers.pop("environment", {}), **layers)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("file", "later file", "environment", "option"), 14),
        (("file", "later file", "environment"), 13),
        (("file", "later file"), 12),
        (("file",), 11),
        ((), 7),
    ],
)
def test_an_option_outranks_the_environment_and_that_the_files(
    given: tuple[str, ...], expected: int
) -> None:
    settings = load(
        files={
            "config.yaml": {"min_sessions": 11} if "file" in given else {},
            "mine.yaml": {"min_sessions": 12} if "later file" in given else {},
        },
        environment={"TRAVEL_PERKS_MIN_SESSIONS": "13"} if "environment" in given else {},
        options={"min_sessions": "14"} if "option" in given else {},
    )
    assert settings.min_sessions == expected


def test_each_setting_is_taken_from_its_own_best_place() -> None:
    settings = load(
        files={"config.yaml": {"seed": 3, "clusters": 4, "cores": 1}},
        environment={"TRAVEL_PERKS_CLUSTERS": "6", "PATH": "/bin"},
        options={"cores": "8"},
    )
    assert (settings.seed, settings.clusters, settings.cores) == (3, 6, 8)


def test_an_empty_variable_is_no_value() -> None:
    assert load(environment={"TRAVEL_PERKS_SEED": ""}).seed == 1


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            {"environment": {"TRAVEL_PERKS_SESION_URL": "x"}},
            ["TRAVEL_PERKS_SESION_URL", "environment", "TRAVEL_PERKS_SESSIONS_URL"],
        ),
        (
            {"environment": {"TRAVEL_PERKS_SESION_URL": ""}},
            ["TRAVEL_PERKS_SESION_URL", "TRAVEL_PERKS_SESSIONS_URL"],
        ),
        ({"files": {"file mine.yaml": {"min_session": 5}}}, ["file mine.yaml", "min_sessions"]),
        ({"options": {"klusters": "5"}}, ["klusters", "clusters?"]),
        ({"environment": {"TRAVEL_PERKS_QQQQ": "x"}}, ["TRAVEL_PERKS_QQQQ", "config/README.md"]),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(
    layers: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(**layers)
    assert refused.value.exit_code == Exit.CONFIGURATION
    for part in said:
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_sessions", "x"),
        ("min_sessions", "0"),
        ("min_sessions", "1.5"),
        ("start_date", "2023-13-01"),
        ("start_date", "yesterday"),
        ("max_reject_share", "1.1"),
        ("max_reject_share", "nan"),
        ("seed", "-1"),
        ("clusters", "21"),
        ("cores", "0"),
        ("retries", "-1"),
        ("read_timeout", "0"),
        ("max_bytes", "0"),
        ("memory_limit", "lots"),
        ("memory_limit", "0GB"),
        ("log_format", "xml"),
        ("keep_intermediate", "maybe"),
        ("gold_dir", ""),
        ("users_url", ""),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence_with_its_origin(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(options={name: value})
    sentence = str(refused.value)
    assert name in sentence
    assert "command line" in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_a_wrong_source_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(files={"mine.yaml": {"users_url": {"url": SECRET}}})
    assert "s3cret" not in str(refused.value)
    assert "users_url" in str(refused.value)


@pytest.mark.parametrize("value", [7, 1.5, True, None, date(2025, 10, 21)])
def test_a_run_id_that_yaml_read_as_something_else_is_refused(value: object) -> None:
    with pytest.raises((ConfigurationError, UsageError)) as refused:
        load(files={"mine.yaml": {"run_id": value}})
    assert f"'{value}'" in str(refused.value)


def test_a_run_id_is_text() -> None:
    assert load(options={"run_id": "007"}).run_id == "007"
    with pytest.raises(UsageError):
        load(environment={"TRAVEL_PERKS_RUN_ID": "../x"})


def test_every_setting_is_declared_whole() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
    assert {name for name in Settings.model_fields if kind_of(name) == "result"} == RESULT


def test_the_two_kinds_are_all_settings_once() -> None:
    settings = Settings()
    result, run = settings.of_kind("result"), settings.of_kind("run")
    assert not result.keys() & run.keys()
    assert result | run == settings.model_dump(mode="json")
    assert result["start_date"] == "2023-01-04"


@pytest.mark.parametrize(
    ("size", "expected"), [("4GB", 4000), ("500MB", 500), ("1.5 GiB", 1500), ("2TB", 2_000_000)]
)
def test_a_size_is_read_in_megabytes(size: str, expected: int) -> None:
    assert megabytes(Settings(memory_limit=size).memory_limit) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not valid YAML"),
        ("- a\n- b\n", "name: value"),
        ("seed: 1\nseed: 2\n", "seed"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as refused:
        read_config_file(path)
    assert str(path) in str(refused.value)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_may_be_empty_and_a_key_without_value_keeps_the_default(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("", "utf-8")
    assert read_config_file(path) == {}
    path.write_text("seed:\nclusters: 3\n", "utf-8")
    assert read_config_file(path) == {"clusters": 3}


def test_the_command_puts_file_environment_and_options_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 5\nclusters: 5\ncores: 5\n", "utf-8")
    monkeypatch.setenv("TRAVEL_PERKS_CLUSTERS", "6")
    monkeypatch.setenv("TRAVEL_PERKS_CORES", "6")
    settings = settings_of_command({"cores": "7"}, path)
    assert (settings.seed, settings.clusters, settings.cores) == (5, 6, 7)
    assert re.fullmatch(r"\d{8}T\d{6}Z", settings.run_id)


def test_the_frozen_file_reads_back_as_the_same_settings_without_secrets(tmp_path: Path) -> None:
    settings = Settings(run_id="007", users_url=SECRET, start_date=date(2023, 2, 1))
    path = tmp_path / "made" / "007.yaml"
    freeze(settings, path)
    text = path.read_text("utf-8")
    assert "s3cret" not in text
    assert "abc" not in text
    assert "ann" not in text
    again = load(files={"frozen": read_config_file(path)})
    assert again == settings.model_copy(update={"users_url": "https://example.com/users.csv"})


def test_secrets_travel_by_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(users_url=SECRET, hotels_url="https://example.com/hotels.csv")
    assert secrets(settings) == {"TRAVEL_PERKS_USERS_URL": SECRET}
    assert "s3cret" not in str(frozen(settings))
    monkeypatch.setenv("TRAVEL_PERKS_SEED", "9")
    monkeypatch.setenv("UNRELATED", "stays")
    environment = child_environment(settings)
    assert environment["TRAVEL_PERKS_USERS_URL"] == SECRET
    assert environment["UNRELATED"] == "stays"
    assert "TRAVEL_PERKS_SEED" not in environment
