"""Lists as people read them at a terminal: the history, the worklist, what comes next for several episodes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from pathway.cli.parts import due
from pathway.engine.findings import in_words
from pathway.use_cases.words import Document, event_in_words


def history(rows: Iterable[Document]) -> Table:
    """The log, one line per entry."""
    table = _list("#", "Happened", "Recorded (UTC)", "By", "What")
    for row in rows:
        what = Text(in_words(row["kind"]), style="bold")
        told = event_in_words(row["event"])
        what.append(f": {told}" if told else "", style="not bold")
        if row["standing"] != "in_force":
            what.append(f"\n{in_words(row['standing'])} by {row['changed_by']}", style="not bold yellow")
        what.append(f"\n{row['entry']}", style="not bold dim")
        recorded = row["recorded_at"][:19].replace("T", " ")
        table.add_row(str(row["sequence"]), row["on"], recorded, row["actor"], what)
    return table


def worklist(items: Iterable[Document]) -> Table:
    """Episodes, in the order in which they come; what is urgent is told before what is next."""
    table = _list("Episode", "State", "Next", "Due")
    for item in items:
        following = item["recommended"] or (
            "tumour board" if item["needs_tumour_board"] else "nothing is due"
        )
        counts = {"missing": len(item["missing"]), "waiting": item["waiting"], "to review": item["reviews"]}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        text = Text("".join(f"At once: {each}\n" for each in item["urgent"]), style="bold")
        text.append(in_words(following), style="not bold")
        text.append(f"\n{told}" if told else "", style="not bold dim")
        table.add_row(item["episode"], item["state_label"], text, due(item["due"]) if item["due"] else "")
    return table


def audit(rows: Iterable[Document]) -> Table:
    """Who did what, one line per record."""
    table = _list("Recorded (UTC)", "By", "What", "Episode")
    for row in rows:
        what = Text(in_words(row["operation"]), style="bold")
        entries = len(row["entries"])
        told = [in_words(row["outcome"]), *([f"{entries} entries"] if entries > 1 else [])]
        what.append(f"\n{', '.join(told)}", style="not bold dim")
        who = Text(row["subject"]).append(f"\n{row['client']}", style="dim")
        about = row["episode"] or (f"a list of {len(row['shown'])}" if row["shown"] else "")
        table.add_row(row["recorded_at"][:19].replace("T", " "), who, what, about)
    return table


def next_steps(found: Iterable[tuple[str, Document]]) -> Table:
    """What comes next for some episodes, each with a name people know it by."""
    table = _list("Case and episode", "State", "Next")
    for name, told in found:
        episode = Text(name, style="bold").append(f"\n{told['episode']}", style="not bold")
        table.add_row(episode, told["state_label"], told["summary"])
    return table


def _list(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, overflow="fold")
    return table
