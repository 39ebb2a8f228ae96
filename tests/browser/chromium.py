"""Headless Chromium, driven over a pipe by its DevTools protocol: no server, no port, no package of
its own."""

import base64
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-pipe",
)
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
TROUBLE = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}


def executable() -> str | None:
    """The path of Chromium, where this machine has one."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


class Browser:
    """A browser with one page. What went wrong in it and what it asked for are kept in `trouble`
    and `requests`."""

    def __init__(self, profile: Path):
        program = executable()
        assert program, "no chromium on this machine"
        theirs, ours = os.pipe(), os.pipe()
        self.write, self.read = theirs[1], ours[0]
        command = [program, *FLAGS, f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{ours[1]}', "bash", *command],
            pass_fds=(theirs[0], ours[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs[0])
        os.close(ours[1])
        self.buffer, self.number, self.session = b"", 0, None
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.loaded = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        os.close(self.write)
        os.close(self.read)
        self.process.terminate()
        self.process.wait(20)

    def call(self, method: str, **params: Any) -> dict:
        """Call the protocol and wait for its answer; raises AssertionError where it is an error."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _next(self, patience: float = 60) -> dict:
        while b"\0" not in self.buffer:
            assert select.select([self.read], [], [], patience)[0], (
                f"chromium said nothing for {patience} s"
            )
            found = os.read(self.read, 1 << 20)
            assert found, "chromium has ended"
            self.buffer += found
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, params: dict) -> None:
        if method in TROUBLE:
            self.trouble.append(f"{method}: {json.dumps(params)[:600]}")
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        if method == "Page.loadEventFired":
            self.loaded += 1

    def load(self, path: Path, fragment: str = "") -> None:
        """Open a file and wait until it has loaded."""
        before = self.loaded
        # Another query each time: to go to a fragment of the same address would load nothing.
        self.call("Page.navigate", url=f"{path.as_uri()}?{self.number}{fragment}")
        while self.loaded == before:
            self._next()

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a file and wait until its scripts have run."""
        self.load(path, fragment)
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for has been drawn."""
        self.run(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
            " done(1))))"
        )

    def run(self, expression: str) -> Any:
        """The value of an expression of JavaScript; raises AssertionError where it throws."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, shift: bool = False) -> None:
        """Press and release a key, as a person would."""
        about: dict[str, Any] = {"key": key, "code": key, "modifiers": 8 if shift else 0}
        about |= {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {"text": key}
        if key == "Enter":
            about["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **about)
        self.call(
            "Input.dispatchKeyEvent",
            type="keyUp",
            **{k: v for k, v in about.items() if k != "text"},
        )
        self.settle()

    def size(self, width: int, height: int, phone: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )

    def media(self, scheme: str = "light", medium: str = "") -> None:
        """Colours that the system prefers, and `print` or nothing."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)

    def picture(self, path: Path, whole: bool = False) -> Path:
        """A screenshot, of the whole page or of what is in view."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)[
            "data"
        ]
        path.write_bytes(base64.b64decode(data))
        return path

    def paper(self, path: Path) -> Path:
        """The page as it is printed."""
        data = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        path.write_bytes(base64.b64decode(data))
        return path
