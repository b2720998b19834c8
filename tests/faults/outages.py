"""What takes a database away for a while, and gives it back."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 2**20


def can_mount(folder: Path, megabytes: int) -> bool:
    """Puts a disk of this size at `folder`, where that is allowed."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        return False
    command = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A small disk at `folder` for a while; false where none may be mounted."""
    folder.mkdir(exist_ok=True)
    mounted = can_mount(folder, megabytes)
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Nothing fits on the disk of `folder` any more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        for size in (MEGABYTE, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def no_larger_files(process: int, size: int) -> Iterator[None]:
    """No file of the process can grow beyond `size` bytes: what can be had of a full disk where none may be mounted."""
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@dataclass
class Line:
    """A line to a server at `port` of this machine, which can be cut and mended; `port` of the line is its own."""

    to: int
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    is_cut: bool = False
    ends: set[socket.socket] = field(default_factory=set)
    changed: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def cut(self) -> None:
        """Whatever is under way is lost, and nobody is connected any more."""
        with self.changed:
            self.is_cut = True
            ends, self.ends = self.ends, set()
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def carry(self) -> None:
        """Takes connections until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(near)
            with self.changed:
                if self.is_cut:
                    return
                far = stack.enter_context(socket.create_connection(("127.0.0.1", self.to)))
                self.ends |= {near, far}
            stack.pop_all()
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=_pass, args=(source, target), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with source, suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    line = Line(port)
    carrier = threading.Thread(target=line.carry, daemon=True)
    carrier.start()
    try:
        yield line
    finally:
        line.cut()
        line.listener.shutdown(socket.SHUT_RDWR)
        line.listener.close()
        carrier.join()
