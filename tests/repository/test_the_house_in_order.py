"""What holds for the repository as a whole: what its README says, what it needs, what it must not carry."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import InvalidSettings, example, load

HERE = Path(__file__).parents[2]
TRACKED = [
    HERE / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]


def readable(*suffixes: str) -> list[Path]:
    return [path for path in TRACKED if path.suffix in suffixes and path.is_file()]


def test_the_example_names_every_setting_with_its_default():
    assert (HERE / ".env.example").read_text("utf-8") == example()


def test_the_example_is_in_force_as_it_stands(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text((HERE / ".env.example").read_text("utf-8"), "utf-8")

    assert load().privacy_k == 10


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"privacy_k": 4}, "PRIVACY_K"),
        ({"port": 70_000}, "PORT"),
        ({"satisfaction_threshold": 101}, "SATISFACTION_THRESHOLD"),
        ({"telegram_token": "1:x", "telegram_mode": "webhook"}, "PUBLIC_URL"),
        (
            {"telegram_token": "1:x", "telegram_mode": "webhook", "public_url": "https://a.vn"},
            "TELEGRAM_SECRET",
        ),
        ({"zalo_bot_token": "1:x", "zalo_bot_mode": "webhook"}, "PUBLIC_URL"),
        (
            {"zalo_bot_token": "1:x", "zalo_bot_mode": "webhook", "public_url": "https://a.vn"},
            "ZALO_BOT_SECRET",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_named(given, named):
    with pytest.raises(InvalidSettings, match=named):
        load(**given)


def test_a_token_is_never_printed():
    shown = repr(load(telegram_token="42:very-secret", telegram_secret="also-secret-for-sure"))

    assert "very-secret" not in shown
    assert "also-secret" not in shown


def test_every_file_a_readme_or_guide_points_to_is_there():
    for guide in [
        HERE / "README.md",
        HERE / "README.vi.md",
        HERE / "CONTRIBUTING.md",
        *(HERE / "docs").glob("*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text("utf-8")):
            assert (guide.parent / target).exists(), f"{guide.name} points to {target}"


def test_every_target_of_the_makefile_is_explained_by_make_help():
    makefile = (HERE / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))

    assert targets == explained
    assert {"demo", "test", "check", "bench", "help"} <= explained


def test_every_command_that_the_guides_name_exists():
    helps = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout
    named = set(
        re.findall(r"python -m bot ([a-z]+)", " ".join(path.read_text("utf-8") for path in readable(".md")))
    )

    assert named, "the guides name no command"
    assert {word for word in named if not re.search(rf"^  {word}\b", helps, re.MULTILINE)} == set()


def test_the_lock_names_versions_and_hashes_and_no_place_to_fetch_them_from():
    lock = (HERE / "requirements.lock").read_text("utf-8")

    assert "://" not in lock
    assert all("==" in line for line in lock.splitlines() if re.match(r"^[a-z0-9]", line))
    assert lock.count("--hash=sha256:") > 100


def test_nothing_needed_lies_outside_the_repository():
    outside = "../" + "shared"
    for path in readable(".py", ".md", ".toml", ".json", ".js", ".html", ".css", ""):
        assert outside not in path.read_text("utf-8", errors="ignore"), path


def test_help_imports_nothing_heavy():
    """`--help` must answer while a person still looks at the line they typed."""
    program = (
        "import sys; sys.argv = ['bot', '--help']\n"
        "try:\n    from bot.cli import main; main()\n"
        "except SystemExit: pass\n"
        "print('HEAVY', sorted({'aiogram', 'sqlalchemy', 'sqlmodel', 'pydantic', 'starlette', 'pyxform', 'alembic'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout

    assert said.splitlines()[-1] == "HEAVY []"


def test_migrating_and_talking_on_the_web_never_import_aiogram():
    program = "import bot.app, bot.cli.desk, bot.cli.serve, bot.demo, storage.migrate, sys; print('aiogram' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout

    assert said.strip() == "False"
