"""The pages that a newcomer follows, word by word, against the running product."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import requests

from simulator import seed
from simulator.house import ROOT, House
from tests.local.test_run import FEW, SOME, Customer, running

BOOKS_TOTAL = re.compile(r"^\d+\.\d{1,2}$", re.MULTILINE)


def commands(page: str) -> str:
    """The indented lines of a page, as somebody would paste them one after the other; `make run` is running already."""
    text = (ROOT / "docs" / page).read_text()
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(line for line in lines if not line.startswith("make "))


def like_the_project(house: House, folder: Path) -> Path:
    """A folder that looks like a clone in which the house runs."""
    (folder / ".state").mkdir(parents=True)
    (folder / ".state" / "run").symlink_to(house.folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def pasted(folder: Path, script: str, **environment: str) -> str:
    """What the script prints. Fails where any command does."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment, "NO_PROXY": "127.0.0.1", "COLUMNS": "250"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def consented(folder: Path, command: str, **environment: str) -> str:
    """What `mlc connect ... --wait` prints while the administrator follows its link in a browser."""
    with subprocess.Popen(
        command.split(),
        cwd=folder,
        env={**os.environ, **environment, "NO_PROXY": "127.0.0.1", "COLUMNS": "2000", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stdout is not None
        told = ""
        while not (link := re.search(r"^https?://\S+$", told, re.MULTILINE)):
            line = waiting.stdout.readline()
            assert line, told
            told += line
        with requests.Session() as browser:
            browser.trust_env = False
            assert browser.get(link[0], timeout=30).status_code == 200
        told += waiting.communicate(timeout=60)[0]
    assert waiting.returncode == 0, told
    return told


def test_the_first_page_leads_from_a_clone_to_the_first_resolved_hold(tmp_path: Path) -> None:
    with running(tmp_path / "state", bills=SOME) as house:
        folder = like_the_project(house, tmp_path / "clone")
        script = commands("start.md").replace("http://127.0.0.1:8321", f"http://127.0.0.1:{house.port}")
        told = pasted(folder, script)
        customer = Customer(house)
        held = [record for record in customer.records() if record["state"] == "held"]
        causes = {record["hold"]["cause"] for record in held}
        assert "account 7010" not in causes and "account 7020" not in causes
        assert "account 7010" in told and "account 7020" in told
        orders = customer.records("purchase_order", seed.DESKTOP_FLOW)
        causes = {record["hold"]["cause"] for record in orders if record["state"] == "held"}
        assert causes and "account 7010" not in causes
        approved, entered = (float(found) for found in BOOKS_TOTAL.findall(told)[-2:])
        assert approved > entered > 0


def test_the_page_that_connects_a_company_connects_one(tmp_path: Path) -> None:
    """The company, its domain and its realm are the seeded ones; everything else is the page's, word by word."""
    page = (ROOT / "docs" / "how-to" / "connect-procurify-and-quickbooks-online.md").read_text()
    yaml = "\n".join(line[8:] for line in page.splitlines() if line.startswith("        "))
    for theirs, ours in (("acme", seed.DOMAIN), ("9130347598210316", seed.REALM), ("Acme Inc", seed.COMPANY)):
        assert theirs in yaml
        yaml = yaml.replace(theirs, ours)
    steps = re.findall(r"^\d\. .*?(?=^\d\. |\Z)", page, re.MULTILINE | re.DOTALL)
    typed = [found for step in steps for found in re.findall(r"`(mlc [^`]+)`", step)]
    words = [line.split()[1] for line in typed]
    assert words == ["apply", "apply", "connect", "ping", "rehearse", "holds", "flows"]
    with running(tmp_path / "state", bills=FEW) as house:
        platform = (house.folder / "platform.key").read_text()
        given = {
            "MLC_URL": f"http://127.0.0.1:{house.port}",
            "MLC_KEY": house.call("POST", "/api/v1/tenants", platform, {"name": "acme"})["admin_key"],
            "PROCURIFY_ID": seed.CLIENT["client_id"],
            "PROCURIFY_SECRET": seed.CLIENT["client_secret"],
            "INTUIT_ID": seed.APP["client_id"],
            "INTUIT_SECRET": seed.APP["client_secret"],
        }
        house.backstage("quickbooks_online", "switch", name="consent_realm", value=seed.REALM)
        folder = like_the_project(house, tmp_path / "clone")
        (folder / "mlc.yaml").write_text(yaml)
        typed = [f".venv/bin/{line}" for line in typed]
        pasted(folder, "\n".join(typed[:2]), **given)
        assert f"books is connected to {seed.COMPANY}" in consented(folder, typed[2], **given)
        told = pasted(folder, "\n".join(typed[3:]), **given)
        assert seed.COMPANY in told
        assert "would link" in told
        assert told.rstrip().endswith(f"{seed.FLOW} is live.")
