"""The pages of docs/ are complete and current; that they build is checked by Sphinx itself."""

from __future__ import annotations

import importlib.util
import re
import sys
import types
from pathlib import Path
from types import ModuleType

import pytest

import neocalc as nc
from neocalc import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def script(name: str) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


COMMANDS = script("commands_help")


@pytest.mark.requirement("REQ-CMD-02")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse lays help out otherwise")
def test_the_page_of_commands_is_current() -> None:
    """Else: python scripts/commands_help.py."""
    assert COMMANDS.PAGE.read_text(encoding="utf-8") == COMMANDS.page()


@pytest.mark.requirement("REQ-CMD-02")
def test_every_command_is_on_the_page() -> None:
    titles = re.findall(r"^## neocalc ?(.*)$", COMMANDS.page(), re.MULTILINE)
    assert titles == ["", *cli.COMMANDS]


@pytest.mark.requirement("REQ-CMD-02")
@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    assert re.search(rf"^examples?:\n +.*neocalc {command}", COMMANDS.help_of([command]), re.M)


@pytest.mark.requirement("REQ-CMD-03")
def test_every_public_name_is_on_the_page() -> None:
    shown = set(
        re.findall(r"^\.\. auto\w+:: neocalc\.(\S+)$", (DOCS / "api.md").read_text("utf-8"), re.M)
    )
    wanted = set()
    for name in set(nc.__all__) - {"__version__"}:
        value = getattr(nc, name)
        if isinstance(value, types.ModuleType):
            wanted |= {f"{name}.{inner}" for inner in value.__all__}
        else:
            wanted.add(name)
    assert shown == wanted


@pytest.mark.requirement("REQ-CMD-03")
def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *pages()):
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_has_one_title() -> None:
    for page in pages():
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert text.startswith("# "), page.name
        assert len(re.findall(r"^# ", text, re.M)) == 1, page.name


def pages() -> list[Path]:
    """The pages of the site."""
    return sorted(DOCS.glob("*.md"))
