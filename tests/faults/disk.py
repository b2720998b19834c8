"""What a power cut leaves of a folder: recorded from the system calls of those who write there, and played back.

`strace` writes down every call that changes a file, a name or the disk, with the instants of its beginning and its
end. A disk played back from that record keeps what the record says was flushed (`fsync` of a file for its content,
`fsync` of a folder for its names), and of everything since a random part: any subset of the writes, each whole or
torn at 512 bytes, and any first few of a folder's changes of names. This is no kinder than POSIX: a file whose
folder was not flushed may have no name. Memory that is mapped is not recorded; neither database writes that way
to a file that counts (SQLite's `-shm` is made anew after a crash, and is left out).
"""

from __future__ import annotations

import ctypes
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.missing import missing

CALLS = (
    "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,copy_file_range,sendfile"
)
STRACE = (
    *("strace", "-f", "-y", "-xx", "-v", "-ttt", "-T", "-s", str(2**22)),
    *("-e", f"trace={CALLS}", "-e", "signal=none"),
)
PR_SET_PTRACER = 0x59616D61
SECTOR = 512
TORN = 0.2
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (?:<\.\.\. \w+ resumed>)?(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?.* <(\d+\.\d+)>$", re.DOTALL)
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_DESCRIPTOR = re.compile(r"(\d+)<([^>]*)>(\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def require_strace() -> None:
    """Skips the test, or fails it where everything is required."""
    if shutil.which("strace") is None:
        missing("strace is not installed")


def wait_to_be_followed() -> None:
    """Stands still until `follow` is there; called by the process that is to be followed."""
    # Some systems let a process follow its own children only.
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)


def follow(process: int, record: Path) -> subprocess.Popen[bytes]:
    """Writes down the calls of the process and all its threads, from here to its end, which ends what is given back."""
    told = record.with_suffix(".told")
    _wait_until_it_stands_still(process)
    with told.open("wb") as to:
        strace = subprocess.Popen([*STRACE, "-o", record, "-p", str(process)], stdout=to, stderr=to)
    while "attached" not in told.read_text():
        if strace.poll() is not None:
            os.kill(process, signal.SIGKILL)
            missing(f"strace may not follow a process here: {told.read_text().strip()}")
        time.sleep(0.01)
    os.kill(process, signal.SIGCONT)
    return strace


def _wait_until_it_stands_still(process: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "T":
        assert time.monotonic() < deadline, "the process does not wait to be followed"
        time.sleep(0.005)


def wait_for_the_end(record: Path, process: str) -> None:
    """Until the record says that the process has ended."""
    end = re.compile(rf"^{process} .*\+\+\+ (exited|killed)", re.MULTILINE)
    deadline = time.monotonic() + 60
    while not end.search(record.read_text()):
        assert time.monotonic() < deadline, "the record does not come to an end"
        time.sleep(0.05)


@dataclass(frozen=True)
class Call:
    """One system call: which process, between which instants, what it was given, and what it returned."""

    process: int
    began: float
    ended: float
    name: str
    arguments: str
    returned: int
    made: str
    """What the descriptor that was returned is open on."""

    @property
    def descriptor(self) -> int:
        return int(self.arguments.partition("<")[0])

    def numbers(self, count: int) -> list[int]:
        """The last arguments, where they are numbers."""
        return [int(each) for each in self.arguments.split(", ")[-count:] if each.isdecimal()]

    def texts(self) -> list[bytes]:
        """The arguments in quotes. Raises `ValueError` when the record has only the beginning of one."""
        found = _TEXT.findall(self.arguments)
        if any(rest for _, rest in found):
            raise ValueError(f"the record of a {self.name} is not whole")
        return [bytes.fromhex(text.replace("\\x", "")) for text, _ in found]


def calls(record: Path) -> list[Call]:
    """The calls of a record that succeeded, in the order in which they ended."""
    found, begun = [], {}
    with record.open() as lines:
        for line in lines:
            parts = _LINE.fullmatch(line.rstrip("\n"))
            if parts is None:
                continue
            process, at, told = int(parts[1]), float(parts[2]), parts[3]
            if told.endswith(" <unfinished ...>"):
                begun[process] = at, told.removesuffix(" <unfinished ...>")
                continue
            began, ended = at, None
            if "resumed>" in line[:80]:
                began, before = begun.pop(process)
                told, ended = before + told, at
            if (call := _CALL.fullmatch(told)) is not None and int(call[3]) >= 0:
                ended = ended if ended is not None else began + float(call[5])
                made = _plain(call[4] or "").decode()
                found.append(Call(process, began, ended, call[1], call[2], int(call[3]), made))
    return sorted(found, key=lambda each: each.ended)


def _plain(told: str) -> bytes:
    def read(run: re.Match[str]) -> str:
        return bytes.fromhex(run[0].replace("\\x", "")).decode("latin-1")

    return _HEX.sub(read, told).encode("latin-1")


Change = Callable[[bytearray, random.Random | None], None]
"""How a call changed a content: whole, or, with something to draw from, torn."""


@dataclass(eq=False)
class File:
    """What is on the disk of a file, and what was done to it since, with the instants."""

    flushed: bytearray = field(default_factory=bytearray)
    since: list[tuple[float, Change]] = field(default_factory=list)

    def flush(self, began: float) -> None:
        """What was done before the flush began is on the disk when it has ended."""
        done = [change for ended, change in self.since if ended <= began]
        self.since = [(ended, change) for ended, change in self.since if ended > began]
        for change in done:
            change(self.flushed, None)

    def after_a_cut(self, draw: random.Random) -> bytes:
        content, kept = bytearray(self.flushed), draw.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for _, change in self.since:
            if draw.random() < kept:
                change(content, draw if draw.random() < TORN else None)
        return bytes(content)


class Disk:
    """The folder `place` as the calls played to it leave it; before them it held what is in `base`."""

    def __init__(self, base: Path, place: Path) -> None:
        self._base, self._place = base, PurePosixPath(place)
        self._names: dict[str, File | None] = {}
        self._on_disk: dict[str, File | None] = {}
        self._unflushed: dict[str, list[dict[str, File | None]]] = {}
        self._offsets: dict[tuple[int, int], int] = {}
        self._folders: list[str] = []
        self._plays: dict[str, Callable[[Call], None]] = {
            **dict.fromkeys(("openat", "open", "creat"), self._open),
            "lseek": self._seek,
            **dict.fromkeys(("write", "writev", "pwrite64", "pwritev", "pwritev2"), self._write),
            "ftruncate": lambda call: self._change(call, _resized(call.numbers(1)[0])),
            "fallocate": self._extend,
            **dict.fromkeys(("fsync", "fdatasync"), self._flush),
            **dict.fromkeys(("rename", "renameat", "renameat2", "link", "linkat"), self._rename),
            **dict.fromkeys(("unlink", "unlinkat"), self._unlink),
            **dict.fromkeys(("mkdir", "mkdirat"), lambda call: self._folders.extend(self._named(call))),
        }

    def play(self, call: Call) -> None:
        """Raises `ValueError` for what cannot be played back."""
        play = self._plays.get(call.name)
        if play is not None:
            play(call)
        elif self._written_to(call) is not None:
            raise ValueError(f"{call.name} cannot be played back")

    def cut(self, image: Path, draw: random.Random) -> None:
        """Makes of `image`, a copy of the base, what a power cut now would leave."""
        names = dict(self._on_disk)
        for changes in self._unflushed.values():
            for change in changes[: draw.randint(0, len(changes))]:
                names.update(change)
        for folder in self._folders:
            (image / folder).mkdir(exist_ok=True)
        for name, file in names.items():
            if file is None:
                (image / name).unlink(missing_ok=True)
            else:
                (image / name).write_bytes(file.after_a_cut(draw))

    def _open(self, call: Call) -> None:
        self._offsets[call.process, call.returned] = 0
        name = self._inside(call.made)
        if name is None or "O_DIRECTORY" in call.arguments:
            return
        if "O_CREAT" in call.arguments and self._find(name) is None:
            self._change_names({name: File()})
        elif "O_TRUNC" in call.arguments:
            self._existing(name).since.append((call.ended, _resized(0)))

    def _seek(self, call: Call) -> None:
        self._offsets[call.process, call.descriptor] = call.returned

    def _extend(self, call: Call) -> None:
        if "KEEP_SIZE" not in call.arguments:
            self._change(call, _extended(sum(call.numbers(2))))

    def _unlink(self, call: Call) -> None:
        for name in self._named(call):
            if self._find(name) is not None:
                self._change_names({name: None})

    def _write(self, call: Call) -> None:
        if self._written_to(call) is None:
            return
        place = (call.process, call.descriptor)
        if call.name.startswith("p"):
            offset = call.numbers(2)[0] if call.name == "pwritev2" else call.numbers(1)[0]
        else:
            offset = self._offsets.get(place, 0)
            self._offsets[place] = offset + call.returned
        self._change(call, _written(offset, b"".join(call.texts())[: call.returned]))

    def _change(self, call: Call, change: Change) -> None:
        name = self._written_to(call)
        if name is not None:
            self._existing(name).since.append((call.ended, change))

    def _flush(self, call: Call) -> None:
        name = self._written_to(call)
        if name is None:
            return
        if (file := self._find(name)) is not None:
            file.flush(call.began)
        for change in self._unflushed.pop(name, []):
            self._on_disk.update(change)

    def _rename(self, call: Call) -> None:
        names = self._named(call)
        if names and self._find(names[0]) is not None:
            old, new = names
            self._find(new)
            moved: dict[str, File | None] = {new: self._existing(old)}
            self._change_names(moved if "link" in call.name else {**moved, old: None})

    def _change_names(self, change: dict[str, File | None]) -> None:
        """Everybody sees it at once; it is on the disk when the folder is flushed."""
        self._names.update(change)
        folder = str(PurePosixPath(next(iter(change))).parent)
        self._unflushed.setdefault(folder, []).append(change)

    def _find(self, name: str) -> File | None:
        if name not in self._names:
            there = self._base / name
            found = File(bytearray(there.read_bytes())) if there.is_file() else None
            self._names[name] = found
            if found is not None:
                self._on_disk[name] = found
        return self._names[name]

    def _existing(self, name: str) -> File:
        file = self._find(name)
        if file is None:
            raise ValueError(f"{name} is changed, and nobody made it")
        return file

    def _written_to(self, call: Call) -> str | None:
        """The name of what the call's descriptor is open on, unless it lies elsewhere or is gone."""
        found = _DESCRIPTOR.match(call.arguments)
        return None if found is None or found[3] else self._inside(_plain(found[2]).decode())

    def _named(self, call: Call) -> list[str]:
        """The names a call is given; those of a server are relative to its folder."""
        names = [self._inside(str(self._place / text.decode())) for text in call.texts()]
        return [name for name in names if name is not None]

    def _inside(self, path: str) -> str | None:
        """The name within the folder; what is mapped and made anew after a crash is passed over."""
        found = PurePosixPath(path)
        if not found.is_relative_to(self._place) or path.endswith("-shm"):
            return None
        return str(found.relative_to(self._place))


def _written(offset: int, data: bytes) -> Change:
    def change(content: bytearray, tear: random.Random | None) -> None:
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
            if tear is None or tear.random() < 0.5:
                content[offset + start : offset + end] = data[start:end]
            start = end

    return change


def _resized(size: int) -> Change:
    def change(content: bytearray, _: random.Random | None) -> None:
        del content[size:]
        content.extend(bytes(size - len(content)))

    return change


def _extended(size: int) -> Change:
    def change(content: bytearray, _: random.Random | None) -> None:
        content.extend(bytes(max(0, size - len(content))))

    return change
