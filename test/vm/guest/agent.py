"""Runs commands for the test outside, in the machine: the test's image has it as a unit, the product knows nothing of it.

usage: agent.py PORT

Reads {"id", "command", "input", "seconds"} lines from the port and writes {"id", "code", "stdout", "stderr"} lines, in the
order in which the commands end; a code of null is a command that took too long, and was killed. The first line of
every boot is {"id": 0}.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

writing = threading.Lock()


def open_port(path):
    while True:
        try:
            return os.open(path, os.O_RDWR)
        except OSError:
            time.sleep(0.05)  # udev has not made it yet.


def write(port, answer):
    data = json.dumps(answer).encode() + b"\n"
    with writing:
        while data:
            data = data[os.write(port, data) :]


def run(port, asked):
    process = subprocess.Popen(
        asked["command"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )
    code = None
    try:
        stdout, stderr = process.communicate(asked["input"].encode(), asked["seconds"])
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
    texts = [each.decode(errors="replace") for each in (stdout, stderr)]
    write(port, {"id": asked["id"], "code": code, "stdout": texts[0], "stderr": texts[1]})


def answer(port, line):
    asked = json.loads(line)
    try:
        run(port, asked)
    except OSError as error:
        write(port, {"id": asked["id"], "code": 127, "stdout": "", "stderr": str(error)})


def main():
    port = open_port(sys.argv[1])
    os.write(port, b"\n")  # Ends what the last boot may have left of a line.
    write(port, {"id": 0})
    pending = b""
    while True:
        data = os.read(port, 65536)
        if not data:
            time.sleep(0.05)  # Nobody is connected.
            continue
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            threading.Thread(target=answer, args=(port, line), daemon=True).start()


main()
