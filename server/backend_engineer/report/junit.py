"""Findings as failed test cases, for build servers that know nothing but JUnit's XML."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from backend_engineer.report.located import Located, Outcome

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(outcome: Outcome, *, prefix: str = "") -> str:
    """A suite for each file with findings; a clean run is one case that passed."""
    count = str(len(outcome.findings))
    root = ET.Element("testsuites", name="backend-engineer", failures=count, errors="0")
    root.set("tests", count if outcome.findings else "1")
    for path, group in groupby(outcome.findings, key=lambda f: f.at.path):
        findings = list(group)
        size = str(len(findings))
        name = _legal(prefix + path)
        suite = ET.SubElement(root, "testsuite", name=name, tests=size, failures=size, errors="0")
        for finding in findings:
            suite.append(_case(finding, name))
    if not outcome.findings:
        suite = ET.SubElement(
            root, "testsuite", name="backend-engineer", tests="1", failures="0", errors="0"
        )
        ET.SubElement(suite, "testcase", name="no findings", classname="backend-engineer")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _case(finding: Located, path: str) -> ET.Element:
    start = finding.at.range.start
    where = f"{start.line + 1}:{start.character + 1}"
    case = ET.Element("testcase", name=f"{finding.rule} {where}", classname=path)
    case.set("file", path)
    case.set("line", str(start.line + 1))
    failure = ET.SubElement(case, "failure", message=_legal(finding.message), type=finding.severity)
    failure.text = _legal(f"{path}:{where} {finding.message}\n{finding.help}")
    return case


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
