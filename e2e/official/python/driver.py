"""Runs a published program many times: each time as a process of its own, with its own environment.

Most of such a program's time is the import of libraries, so this process imports those once and forks. The program's own
modules are never imported here: they read the environment when they are imported, and each run does that anew.

One JSON object a line comes in: id, argv, env, cwd, input (text) or answers (a list of [text to wait for, keys]: the run
then has a terminal), seconds. One goes out for each run: id, code, stdout, stderr.
"""

import fcntl
import importlib
import json
import os
import pty
import re
import runpy
import selectors
import signal
import struct
import sys
import termios
import time
import traceback

LIBRARIES = [
    *["aiohttp", "click", "fastapi", "jinja2", "loguru", "prompt_toolkit.shortcuts", "questionary", "rich.columns"],
    *["rich.console", "rich.live", "rich.panel", "rich.pretty", "rich.table", "synchronicity", "tarfile", "toml", "typer"],
    *["webbrowser", "zipfile"],
]
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")


def run(argv, env, cwd):
    """The whole of a child: ends it."""
    code = 1
    try:
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        sys.stdin = open(0, closefd=False)
        sys.stdout = sys.__stdout__ = open(1, "w", buffering=1, encoding="utf-8", closefd=False)
        sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, encoding="utf-8", closefd=False)
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            pass
    os._exit(code)


class Run:
    def __init__(self, request, selector):
        self.id = request["id"]
        self.answers = [(text.encode(), keys.encode()) for text, keys in request.get("answers") or []]
        self.deadline = time.monotonic() + request["seconds"]
        self.output = {"stdout": b"", "stderr": b""}
        self.seen = 0
        self.selector = selector
        self.ends = {}
        started = (request["argv"], request["env"], request["cwd"])
        if request.get("answers") is not None:
            self.in_terminal(*started)
        else:
            self.with_pipes(request.get("input") or "", *started)
        for end in self.ends:
            os.set_blocking(end, False)
            selector.register(end, selectors.EVENT_READ, self)

    def in_terminal(self, *started):
        self.pid, terminal = pty.fork()
        if self.pid == 0:
            run(*started)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
        self.ends[terminal] = "stdout"
        self.terminal = terminal

    def with_pipes(self, text, *started):
        pipes = [os.pipe() for _ in range(3)]
        self.pid = os.fork()
        if self.pid == 0:
            (stdin, _), (_, stdout), (_, stderr) = pipes
            for number, end in enumerate((stdin, stdout, stderr)):
                os.dup2(end, number)
            for pipe in pipes:
                for end in pipe:
                    os.close(end)
            run(*started)
        (stdin, fed), (stdout, out), (stderr, err) = pipes
        for end in (stdin, out, err):
            os.close(end)
        try:
            os.write(fed, text.encode())
        except BrokenPipeError:
            pass
        os.close(fed)
        self.ends = {stdout: "stdout", stderr: "stderr"}

    def read(self, end):
        """False once nothing more can come from there."""
        try:
            piece = os.read(end, 65536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""  # The other side of a terminal is gone.
        if not piece:
            self.selector.unregister(end)
            os.close(end)
            del self.ends[end]
            return
        self.output[self.ends[end]] += piece
        self.answer()

    def answer(self):
        while self.answers:
            text = ESCAPES.sub(b"", self.output["stdout"])
            wanted, keys = self.answers[0]
            place = text.find(wanted, self.seen)
            if place < 0:
                return
            self.seen = place + len(wanted)
            self.answers.pop(0)
            os.write(self.terminal, keys)

    def result(self):
        _, status = os.waitpid(self.pid, 0)
        text = {name: ESCAPES.sub(b"", piece).decode(errors="replace") for name, piece in self.output.items()}
        if self.answers:
            text["stderr"] += f"\nnever asked: {self.answers[0][0].decode()}"
        return {"id": self.id, "code": os.waitstatus_to_exitcode(status), **text}


def main():
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # Not in this version's set.
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    runs, pending = set(), b""
    while True:
        for key, _ in selector.select(0.2):
            if key.data is not None:
                key.data.read(key.fd)
                continue
            piece = os.read(0, 65536)
            if not piece:
                for each in runs:
                    os.kill(each.pid, signal.SIGKILL)
                return
            *lines, pending = (pending + piece).split(b"\n")
            runs.update(Run(json.loads(line), selector) for line in lines)
        for each in [each for each in runs if not each.ends]:
            runs.remove(each)
            print(json.dumps(each.result()), flush=True)
        for each in runs:
            if time.monotonic() > each.deadline:
                each.deadline = float("inf")
                each.output["stderr"] += b"\nended by the driver: it took too long"
                os.kill(each.pid, signal.SIGKILL)


main()
