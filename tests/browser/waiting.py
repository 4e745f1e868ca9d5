"""Waiting for what a page does on its own."""

from collections.abc import Callable

from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait


def until(browser: Chrome, condition: Callable[[Chrome], object], seconds: float = 10) -> None:
    """Wait until a condition holds. Selenium would look twice a second.

    Raises:
        TimeoutException: it did not hold for all the time.
    """
    WebDriverWait(browser, seconds, poll_frequency=0.05).until(condition)
