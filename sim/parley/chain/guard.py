"""A guard process that lets a development node mine again after Parley has died."""

from __future__ import annotations

import subprocess
import sys
import weakref

__all__ = ["Guard"]

_ATTEMPTS = 20
"""Maximum number of requests to the node, one per second."""

# It uses only the standard library, to start fast. The URL may contain a key, so it comes through the pipe
# and not in the arguments.
_PROGRAM = f"""
import sys, signal
for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
    signal.signal(number, signal.SIG_IGN)
url, armed = sys.stdin.readline().strip(), False
for line in sys.stdin:
    armed = line.strip() == "armed"
if armed:
    import base64, json, time, urllib.parse, urllib.request
    parts = urllib.parse.urlsplit(url)
    headers = {{"Content-Type": "application/json"}}
    if parts.username is not None:
        pair = f"{{urllib.parse.unquote(parts.username)}}:{{urllib.parse.unquote(parts.password or '')}}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    target = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    body = json.dumps({{"jsonrpc": "2.0", "id": 0, "method": "evm_setAutomine", "params": [True]}}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
    for _ in range({_ATTEMPTS}):
        try:
            reply = opener.open(urllib.request.Request(target, body, headers), timeout=10)
            if "result" in json.load(reply):
                break
        except (OSError, ValueError):
            pass
        time.sleep(1)
"""


class Guard:
    """A process that lets the node at a URL mine again if this program ends while the guard is armed."""

    def __init__(self, url: str) -> None:
        # In its own session, so that signals to this program's group do not end the guard.
        self._process = subprocess.Popen(  # noqa: S603 -- this Python, and the program above
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._tell(url)
        weakref.finalize(self, _release, self._process)

    def arm(self) -> None:
        """Arm the guard."""
        self._tell("armed")

    def disarm(self) -> None:
        """Disarm the guard: the node mines by itself."""
        self._tell("disarmed")

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(f"{line}\n".encode())
                pipe.flush()
        except OSError:
            pass  # the guard was killed; the run continues


def _release(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which ends the guard."""
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:
        pass
    # Do not wait for an armed guard: it is at work.
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.returncode = 0
