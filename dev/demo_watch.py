#!/usr/bin/env python3
"""Runs a program at a pseudo terminal, answers its prompt, and watches its TCP sockets meanwhile.

    demo_watch.py REPORT PROGRAM ARGUMENT...

Shows the program's output as it comes and writes a table of what was seen to REPORT. Every few milliseconds it looks which TCP sockets
the program and its descendants hold (/proc/PID/fd) and in which state they are (/proc/net/tcp). Exit status: 0 when the program
succeeded, no socket was open at the prompt or during the transaction, and none was ever in CLOSE_WAIT.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import sys
import termios
import time

PROMPT = b"Is this ok [y/d/N]: "
# What the program prints when a phase begins, in this order.
PHASES = [("metadata", b""), ("prompt", PROMPT), ("downloads", b""), ("transaction", b"Running transaction"), ("end", b"Complete!")]
ANSWER_AFTER = 5.0  # seconds at the prompt
PROMPT_GRACE = 0.050  # what is open this long after the prompt came counts as open at the prompt
SAMPLE_EVERY = 0.003
CLOSE_WAIT = "08"
REDRAW = re.compile(rb"\x1b\[(\d+)A\x1b\[J")  # the lines above are drawn anew
MOST_REDRAWN = 9  # lines


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def children(pid):
    """Processes that `pid` has started, by any of its threads."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [int(child) for thread in threads for child in read(f"/proc/{pid}/task/{thread}/children").split()]


def process_tree(pid):
    found = [pid]
    for each in found:
        found.extend(children(each))
    return found


class Sockets:
    """The TCP sockets of a process and its descendants, as a snapshot: descriptors first, then states."""

    def __init__(self):
        self.unseen = set()  # processes whose descriptors may not be read

    def states(self, pid):
        inodes = set()
        for each in process_tree(pid):
            try:
                inodes.update(self.inodes(each))
            except PermissionError:
                self.unseen.add(each)
            except OSError:
                pass  # it has just ended
        if not inodes:
            return []
        lines = (read("/proc/net/tcp") + read("/proc/net/tcp6")).splitlines()
        rows = (line.split() for line in lines)
        return [row[3] for row in rows if len(row) > 9 and row[9] in inodes]

    @staticmethod
    def inodes(pid):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                yield target[len("socket:["):-1]


class Phase:
    def __init__(self, name, begun):
        self.name, self.begun, self.ended = name, begun, begun
        self.most_open = 0
        self.close_wait = 0.0  # seconds
        self.samples = 0

    def row(self):
        if self.samples == 0:
            return f"{self.name:<12}  not reached"
        return f"{self.name:<12} {self.ended - self.begun:8.2f} s {self.most_open:17} {self.close_wait * 1000:15.0f} ms"


class Watch:
    def __init__(self, arguments):
        self.sockets = Sockets()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(arguments[0], arguments)
        size = shutil.get_terminal_size((80, 24))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
        now = time.monotonic()
        self.phases = {name: Phase(name, now) for name, _ in PHASES}
        self.current = 0
        self.last_sample = now
        self.longest_gap = 0.0
        self.recent = b""  # output in which the next phase's first words are looked for
        self.held = b""  # lines that may yet be drawn anew; only when this output is no terminal

    def enter(self, number):
        now = time.monotonic()
        self.phase().ended = now
        self.current = number
        self.phase().begun = self.phase().ended = now

    def phase(self):
        return self.phases[PHASES[self.current][0]]

    def show(self, output):
        """Passes the output on, and notices where a phase begins."""
        self.recent += output
        before = self.current
        while self.current + 1 < len(PHASES):
            words = PHASES[self.current + 1][1]
            place = self.recent.find(words) if words else -1
            if place < 0:
                break
            self.recent = self.recent[place + len(words):]
            self.enter(self.current + 1)
        self.put(output if sys.stdout.isatty() else self.settled(output, everything=self.current != before))

    def settled(self, output, everything):
        """What will not be drawn anew, without what was: a log needs no moving bars."""
        first, *rest = REDRAW.split(self.held + output.replace(b"\r\n", b"\n"))
        for lines, text in zip(rest[::2], rest[1::2]):
            first = b"".join(first.splitlines(keepends=True)[:-int(lines)]) + text
        lines = first.splitlines(keepends=True)
        cut = len(lines) if everything or self.phase().name not in ("metadata", "downloads") else max(0, len(lines) - MOST_REDRAWN)
        self.held = b"".join(lines[cut:])
        return b"".join(lines[:cut])

    @staticmethod
    def put(output):
        sys.stdout.buffer.write(output)
        sys.stdout.buffer.flush()

    def sample(self):
        states = self.sockets.states(self.pid)
        now = time.monotonic()
        gap, self.last_sample = now - self.last_sample, now
        self.longest_gap = max(self.longest_gap, gap)
        phase = self.phase()
        phase.ended = now
        phase.samples += 1
        if phase.name != "prompt" or now - phase.begun > PROMPT_GRACE:
            phase.most_open = max(phase.most_open, len(states))
        if CLOSE_WAIT in states:
            phase.close_wait += gap

    def answer_when_due(self):
        if self.phase().name == "prompt" and time.monotonic() - self.phase().begun >= ANSWER_AFTER:
            self.enter(self.current + 1)
            os.write(self.terminal, b"y\n")

    def run(self):
        """Returns the program's exit status."""
        while True:
            if select.select([self.terminal], [], [], SAMPLE_EVERY)[0]:
                try:
                    output = os.read(self.terminal, 65536)
                except OSError:  # the last holder of the terminal has ended
                    output = b""
                if not output:
                    self.put(self.held)
                    return self.wait()
                self.show(output)
            self.sample()
            self.answer_when_due()

    def wait(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def hang_up(self):
        os.close(self.terminal)
        self.wait()

    def findings(self, status):
        """What is not as it should be, a sentence each."""
        found = [] if status == 0 else [f"lastack ended with status {status}."]
        for name in ("prompt", "transaction"):
            if self.phases[name].samples == 0:
                found.append(f"The phase '{name}' was not reached.")
            elif self.phases[name].most_open > 0:
                found.append(f"A socket was open in the phase '{name}'.")
        if any(phase.close_wait > 0 for phase in self.phases.values()):
            found.append("A socket was in CLOSE_WAIT.")
        return found

    def report(self, found):
        samples = sum(phase.samples for phase in self.phases.values())
        lines = [f"{'phase':<12} {'duration':>10} {'sockets at most':>17} {'in CLOSE_WAIT':>18}"]
        lines += [phase.row() for phase in self.phases.values()]
        lines += ["", f"{samples} looks at the sockets, at most {self.longest_gap * 1000:.0f} ms apart."]
        if self.sockets.unseen:
            lines.append("Run as root to see the descriptors of child processes in a user namespace too; here they could not be read.")
        return "\n".join(lines + found) + "\n"


def main(report, arguments):
    watch = Watch(arguments)
    try:
        status = watch.run()
    except KeyboardInterrupt:
        watch.hang_up()
        return 130
    found = watch.findings(status)
    with open(report, "w") as file:
        file.write(watch.report(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
