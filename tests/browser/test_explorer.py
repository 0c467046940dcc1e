"""The explorer in a real JupyterLab: run the notebook, move a widget, see the views follow."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SIZE = re.compile(r"([\d,]+) journeys of ([\d,]+) customers; not judged")


@pytest.fixture
def lab(tmp_path):
    """JupyterLab over a copy of the notebooks, with the demo store beside them."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "stores").symlink_to(ROOT / "stores")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={tmp_path}",
    ]  # fmt: skip
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def _size(page):
    page.wait_for_function(
        "() => /journeys of [\\d,]+ customers; not judged/.test(document.body.innerText)", timeout=90000
    )
    journeys, customers = SIZE.search(page.inner_text("body")).groups()
    return int(journeys.replace(",", "")), int(customers.replace(",", ""))


def test_choosing_a_group_and_a_touchpoint_redraws_the_flow_and_the_paths(browser, lab):
    page = browser.new_context(viewport={"width": 1500, "height": 1100}).new_page()
    page.goto(f"{lab}/lab/tree/notebooks/explore/journeys.ipynb")
    page.wait_for_selector(".jp-Notebook", timeout=90000)
    page.wait_for_function("() => document.body.innerText.includes('| Idle')", timeout=90000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    everyone = _size(page)
    flow = page.locator("svg[role=img]").first
    flow.wait_for(timeout=30000)
    before = flow.inner_html()

    page.locator(".widget-dropdown select").nth(1).select_option("plan")
    page.wait_for_function("() => [...document.querySelectorAll('option')].some(o => o.text === 'annual')")
    page.locator(".widget-dropdown select").nth(2).select_option("annual")
    page.wait_for_function(f"() => !document.body.innerText.includes('{everyone[0]:,} journeys of')", timeout=30000)
    annual = _size(page)
    assert 0 < annual[0] < everyone[0]
    assert 0 < annual[1] < everyone[1]
    assert page.locator("svg[role=img]").first.inner_html() != before

    page.locator(".widget-select-multiple select").select_option(["chat"])
    page.wait_for_function(f"() => !document.body.innerText.includes('{annual[0]:,} journeys of')", timeout=30000)
    assert 0 < _size(page)[0] < annual[0]
    page.get_by_text("Paths", exact=True).click()
    assert "chat" in page.locator(".widget-tab table, .jupyter-widget-tab table").first.inner_text()

    chat = _size(page)
    path = page.locator(".widget-text input[placeholder*='order placed']")
    path.fill("chat -> call -> *")
    path.press("Enter")
    page.wait_for_function("() => document.body.innerText.includes('does not end with a step')", timeout=30000)
    path.fill("chat -> call")
    path.press("Enter")
    page.wait_for_function(f"() => !document.body.innerText.includes('{chat[0]:,} journeys of')", timeout=30000)
    assert 0 < _size(page)[0] < chat[0]
