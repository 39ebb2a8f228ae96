"""What the docs site holds beside the files of this folder, and a check that its pages load nothing
from elsewhere. MkDocs calls the functions, mkdocstrings the class."""

import re
from pathlib import Path

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}
PACKAGES = ("pqrst", "leaderboard", "containers", "pipeline", "benchmarks", "methods/kit")
# What a browser fetches by itself: scripts, pictures, frames, style sheets and what these name.
HOST = r"""["']?(?:https?:)?//[^"'> )]*"""
LOADED = re.compile(
    rf"""<(?:script|img|iframe|source)[^>]*\ssrc={HOST}"""
    rf"""|<link[^>]*rel=["']?(?:stylesheet|preload|preconnect|icon)[^>]*href={HOST}"""
    rf"""|@import\s+{HOST}|url\({HOST}"""
)


def rooms() -> dict[str, list[str]]:
    """The modules of each room, by the room's dotted name, from the top of the house down."""
    found: dict[str, list[str]] = {}
    for package in PACKAGES:
        paths = sorted((ROOT / package).rglob("*.py"), key=lambda path: (len(path.parts), path))
        for path in paths:
            if path.stem == "__init__" or path.relative_to(ROOT / package).parts[0] == "base":
                continue
            room = ".".join(path.parent.relative_to(ROOT).parts)
            found.setdefault(room, []).append(f"{room}.{path.stem}")
    return found


def on_config(config: MkDocsConfig) -> None:
    code = next(entry for entry in config.nav or [] if "Code" in entry)
    code["Code"] = [{room: f"code/{room}.md"} for room in rooms()]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the pages that lie in the root of the repository, and one for the code of each room."""
    for name, source in PAGES.items():
        text = (ROOT / source).read_text().replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    for room, modules in rooms().items():
        text = f"# {room}\n\n" + "\n".join(f"::: {module}\n" for module in modules)
        files.append(File.generated(config, f"code/{room}.md", content=text))


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links to the pages from the root, which lie beside the others in the site."""
    for name, source in PAGES.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{source}\)", f"]({name})", markdown)
    return markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Raises PluginError where a page or a style sheet loads something from another host."""
    for path in Path(config.site_dir).rglob("*"):
        if path.suffix in (".html", ".css") and (found := LOADED.search(path.read_text())):
            raise PluginError(
                f"{path}: loads {found[0][-120:]}; expected nothing from another host: keep the"
                " file in docs/ and link to it there"
            )


class Examples(griffe.Extension):
    """Puts the doctests of docstrings into blocks of code."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring and ">>>" in obj.docstring.value:
            obj.docstring.value = re.sub(
                r"(?m)^>>> (?:.+\n?)+",
                lambda found: f"```pycon\n{found[0].rstrip()}\n```\n",
                obj.docstring.value,
            )
