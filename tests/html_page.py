"""A page taken apart, for tests of what it holds."""

import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "source", "br", "link", "input"}


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def assert_built_for_every_reader(self) -> None:
        """What screen readers rely on: one language, an order of headings, tables that tell."""
        assert self.all("html") == [{"lang": "en"}]
        assert len(self.all("h1")) == 1
        assert {attributes.get("scope") for attributes in self.all("th")} == {"row", "col"}
        assert len(self.all("caption")) == len(self.all("table"))
        levels = [int(tag[1]) for tag, _ in self.tags if re.fullmatch(r"h\d", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert len(self.ids()) == len(set(self.ids()))

    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]
