"""Real Chromium, driven by its own driver: pages as a person meets them. Nothing but files is opened."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30.0  # seconds
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


def missing() -> str:
    """What a machine lacks for these tests; "" if it has all."""
    try:
        import selenium  # noqa: F401, PLC0415 - the reason is the point
    except ImportError:
        return "the package selenium (pip install 's2c[test]')"
    if not shutil.which("chromedriver"):
        return "chromedriver (Debian: apt-get install chromium chromium-driver)"
    return "" if any(map(shutil.which, NAMES)) else "Chromium (Debian: apt-get install chromium chromium-driver)"


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def shape(self, width: int, height: int, *, dark: bool = False) -> None:
        """The window's size in pixels, and whether its user likes it dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        liked = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [liked]})

    def open(self, page: Path) -> float:
        """Open a page; seconds until it says that it can be used."""
        self.driver.get_log("browser")
        begun = time.monotonic()
        self.driver.get(page.resolve().as_uri())
        self.until("document.documentElement.dataset.ready === 'yes'")
        return time.monotonic() - begun

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: str) -> None:
        """Wait until this holds in the page."""
        ends = time.monotonic() + PATIENCE
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < ends, f"never came: {condition}\n{self.errors()}"
            time.sleep(0.01)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains  # noqa: PLC0415 - as above

        ActionChains(self.driver).send_keys(*keys).perform()

    def errors(self) -> list[str]:
        """What the page complained of since it was opened."""
        return [f"{one['level']}: {one['message']}" for one in self.driver.get_log("browser")]

    def picture(self, place: Path) -> None:
        """The page from top to bottom."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700},
        )
        self.driver.save_screenshot(str(place))


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser, closed at the end."""
    from selenium import webdriver  # noqa: PLC0415 - as above
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.binary_location = str(next(filter(None, map(shutil.which, NAMES))))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
