"""
Runs a command on a terminal of its own, and plays a story on it: a JSON list of steps, each a list of a word and a text.

    ["see", TEXT]     wait until TEXT is drawn from here on
    ["key", KEYS]     type
    ["sh", SCRIPT]    run, while the command goes on
    ["signal", NAME]  send

Prints as JSON what it saw, the command's exit code, and whether it left the terminal as it was.
usage: terminal.py STORY COMMAND...
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

patience = 60
story = json.loads(sys.argv[1])
command = sys.argv[2:]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(theirs)


def becomes_its_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


child = subprocess.Popen(
    command,
    stdin=theirs,
    stdout=theirs,
    stderr=theirs,
    env={"TERM": "xterm"},
    preexec_fn=becomes_its_terminal,
)
screen = b""


def read(seconds):
    global screen
    if select.select([ours], [], [], seconds)[0]:
        screen += os.read(ours, 65536)
        return True
    return False


def wait_for(what, met):
    deadline = time.monotonic() + patience
    while not met():
        if time.monotonic() > deadline:
            child.kill()
            sys.exit(f"no {what!r} in {screen[-4000:]!r}")
        read(0.1)


seen_to = 0
for word, text in story:
    if word == "see":
        wait_for(text, lambda: screen.find(text.encode(), seen_to) >= 0)
        seen_to = screen.find(text.encode(), seen_to) + len(text.encode())
    elif word == "key":
        os.write(ours, text.encode())
    elif word == "sh":
        subprocess.run(["/bin/sh", "-ec", text], check=True)
        while read(0):
            pass
        # What was drawn before counts no more.
        seen_to = len(screen)
    elif word == "signal":
        child.send_signal(getattr(signal, text))

wait_for("end", lambda: child.poll() is not None)
while read(0.2):
    pass
print(
    json.dumps(
        {
            "screen": screen.decode(),
            "code": child.returncode,
            "restored": termios.tcgetattr(theirs) == before,
        }
    )
)
