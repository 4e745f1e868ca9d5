"""Waiting for what a page does on its own."""

from collections.abc import Callable

from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait


def until(browser: Chrome, condition: Callable[[Chrome], object]) -> None:
    """Wait until a condition holds. Selenium would look twice a second.

    Raises:
        TimeoutException: it did not hold for as long as a slow machine may take.
    """
    WebDriverWait(browser, 100, poll_frequency=0.05).until(condition)
