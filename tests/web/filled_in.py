"""A form of a page as a browser without scripts sends it: everything that stands in it, and what was changed."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx2

from tests.web.conftest import Browser


class Standing(HTMLParser):
    """What stands in the form that goes to `action`, by the names of its fields."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.fields: dict[str, str] = {}
        self._inside = False
        self._select: str | None = None
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = told.get("action", "") == self.action
        if not self._inside:
            return
        name = told.get("name", "")
        match tag:
            case "input" if told.get("type") in ("radio", "checkbox"):
                if "checked" in told:
                    self.fields[name] = told["value"]
            case "input":
                self.fields[name] = told.get("value", "")
            case "select":
                self._select = name
            case "option" if self._select and (self._select not in self.fields or "selected" in told):
                self.fields[self._select] = told["value"]
            case "textarea":
                self._text, self.fields[name] = name, ""
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.fields[self._text] += data


def standing(page: str, action: str) -> dict[str, str]:
    """What stands in the form, hidden fields included."""
    parser = Standing(action)
    parser.feed(page)
    assert parser.fields, f"no form goes to {action}"
    return parser.fields


def fill_in(browser: Browser, address: str, page: str | None = None, **typed: str) -> httpx2.Response:
    """Sends the form at `address` (as it is on `page`, where given) with what was typed; a name may have dots."""
    return browser.http.post(address, data=standing(page or browser.open(address), address) | typed)
