"""Whatever is called a form: a clear sentence within 5 seconds of work and 300 MB, and never a traceback."""

import random
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.forms import xlsform
from surveys.forms.faults import Fault, FormFaults
from surveys.forms.form import Form
from tests.surveys.forms import workbooks
from tests.surveys.forms.workbooks import SMALL, WORKBOOK, parts, row

SECONDS = 5
MEGABYTES = 300
CHILD = """
import re, sys
from pathlib import Path
from surveys.forms import check
text, code = check.report(sys.argv[1:])
print(text)
# Not getrusage: its peak counts the forked test runner that this process was for a moment.
print(code, int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGH = "<!DOCTYPE l [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {chr(98 + place)} '{f'&{chr(97 + place)};' * 10}'>" for place in range(9)
)
CELL = b'<c t="inlineStr"><is><t>a</t></is></c>'
FORM_ROWS = b",text,q1,x,,,\n" + b"".join(
    b',text,q%d,"x","%s","%s","%s"\n'
    % (place, *(b"selected(${q1}, 'a%d') or " % (place + column) * 12 + b"true()" for column in range(3)))
    for place in range(2, 171)
)


def forged_size() -> bytes:
    """An archive whose index says that its sheet is small."""
    content = parts(b" " * 20_000_000)
    true_size = (20_000_000 + len(workbooks.SHEET[0]) + len(workbooks.SHEET[1])).to_bytes(4, "little")
    return content.replace(true_size, (1_000).to_bytes(4, "little"))


def with_macros() -> bytes:
    content = BytesIO(workbooks.xlsx(SMALL))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    return content.getvalue()


def a_zip_of(*names: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.xlsx": (lambda: b"", "the file is empty"),
    "cut-off.xlsx": (lambda: workbooks.xlsx(SMALL)[:3_000], "cut off"),
    "bomb.xlsx": (lambda: parts(b" " * 60_000_000), "unpacks to 60 MB"),
    "forged-bomb.xlsx": (forged_size, "damaged"),
    "macros.xlsm": (with_macros, "macros"),
    "macros-renamed.xlsx": (with_macros, "macros"),
    "page.xlsx": (
        lambda: b"\xef\xbb\xbf\n<!DOCTYPE html><html><table><tr><td>survey</td></tr></table></html>",
        "web page",
    ),
    "page.xls": (lambda: b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'>", "web page"),
    "letter.xlsx": (lambda: a_zip_of("word/document.xml", "[Content_Types].xml"), "not an Excel workbook"),
    "binary.xlsx": (lambda: a_zip_of("xl/workbook.bin"), ".xlsb"),
    "many-parts.xlsx": (lambda: a_zip_of("xl/workbook.xml", *(f"a{n}" for n in range(3_000))), "3001 parts"),
    "picture.png": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "an .xlsx, .xls, .csv or .md"),
    "noise.xlsx": (lambda: random.Random(1).randbytes(100_000), "not an Excel workbook"),
    "noise.zip.xlsx": (lambda: b"PK\x03\x04" + random.Random(2).randbytes(100_000), "damaged"),
    "noise.xls": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(3).randbytes(100_000),
        "damaged",
    ),
    "locked.xlsx": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "password",
    ),
    "100000-rows.xlsx": (
        lambda: parts(b"".join(row(n, "note", f"n{n}", "x") for n in range(1, 100_001))),
        "more than 5,000 rows",
    ),
    "100000-rows.csv": (lambda: b"survey\n,type,name,label\n" + b",note,n,x\n" * 100_000, "100,002 lines"),
    "100000-rows.md": (lambda: b"| survey |\n| | type |\n" + b"| | note |\n" * 100_000, "100,002 lines"),
    "65536-rows.xls": (lambda: workbooks.xls({"survey": [["note"]] * 40_000}), "more than 5,000 rows"),
    "far-corner.xls": (
        lambda: workbooks.xls({f"s{n}": [["type"]] for n in range(40)}, cells={(65_535, 255): "x"}),
        "more than 5,000 rows",
    ),
    "far-row.xlsx": (lambda: parts(row(1, "type", "name") + row(1_048_576, "text", "a")), "survey"),
    "16000-columns.xlsx": (lambda: parts(b'<row r="1">' + CELL * 16_000 + b"</row>"), "Duplicate column"),
    "a-million-cells.xlsx": (
        lambda: parts(b'<row r="1">' + b"<c/>" * 1_000_000 + b"</row>"),
        "150,000 cells",
    ),
    "styles.xlsx": (
        lambda: parts(
            row(1, "type"),
            {"xl/styles.xml": f"<styleSheet xmlns='{MAIN}'><cellXfs>".encode() + b"<xf/>" * 100_000},
        ),
        "xl/styles.xml",
    ),
    "strings.xlsx": (
        lambda: parts(
            row(1, "type"), {"xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'>".encode() + b"<si/>" * 1_000_000}
        ),
        "xl/sharedStrings.xml",
    ),
    "laughs.xlsx": (
        lambda: parts(
            row(1, "type"), workbook=WORKBOOK.replace("?>\n", f"?>{LAUGH}]>", 1).replace('"survey"', '"&j;"')
        ),
        "could not be read",
    ),
    "no-survey.xlsx": (
        lambda: workbooks.xlsx({"Sheet1": [["a"]], "Sheet2": [["b"]]}),
        "there is no such sheet",
    ),
    "latin.csv": (lambda: "survey\n,type,label\n,note,cà phê\n".encode("latin-1"), "not UTF-8"),
    "utf16.csv": (lambda: "survey\n,type,label\n".encode("utf-16"), "not UTF-8"),
    "nul.csv": (lambda: b"survey\n,type,label\n,note,\0\n", "not text"),
    "semicolons.csv": (lambda: b"survey\n;type;name;label\n;text;a;A\n", "separated by"),
    "hashes.md": (lambda: b"| survey |\n| | type |\n| | " + b"#" * 20_000 + b" |\n", "line 3"),
    "long-lines.md": (lambda: b"| survey |\n| | " + b"a" * 50_000 + b" |\n", "line 2"),
    "5000-columns.csv": (
        lambda: b"survey\n" + b"".join(b",c%d" % n for n in range(5_000)) + b"\n,x\n",
        "5,000 columns",
    ),
    "long-cell.csv": (
        lambda: b"survey\n,type,name,label\n,text,a," + b"a" * 20_000 + b"\n",
        "8,000 is the limit",
    ),
    "deep.csv": (
        lambda: (
            b"survey\n,type,name,label,relevant\n"
            + b"".join(b",text,q%d,x,%s\n" % (n, b"(" * 900 + b"1" + b")" * 900) for n in range(100))
        ),
        "nested too deeply",
    ),
    # What is as large as a form may be is read, within the same limits.
    "largest.csv": (
        lambda: (
            b"survey\n,type,name,label,relevant,constraint,required\n"
            + FORM_ROWS
            + b"settings\n,form_id,version\n,a,1\n"
        ),
        "questions: 170",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_gets_a_sentence_within_the_limits(name: str, tmp_path: Path) -> None:
    make, sentence = FILES[name]
    path = tmp_path / name
    path.write_bytes(make())

    # Seconds of work, not of the clock: the other tests share this machine.
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)),
    )

    assert child.returncode == 0, f"stopped: {child.returncode} {child.stderr[-2_000:]}"
    assert child.stderr == ""
    *said, last = child.stdout.strip().splitlines()
    code, megabytes = map(int, last.split())
    assert sentence in "\n".join(said)
    assert code == (0 if name.startswith("largest") else 1)
    assert megabytes < MEGABYTES
    assert "Traceback" not in child.stdout


def read_or_faults(name: str, content: bytes) -> Form | tuple[Fault, ...]:
    """What came of it; anything but these two fails the test."""
    try:
        return xlsform.read(name, content)
    except FormFaults as problem:
        return problem.faults


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["a.xlsx", "a.xls", "a.csv", "a.md"]), st.integers(0, 7_000), st.binary(max_size=3))
def test_a_file_with_a_few_bytes_changed_is_read_or_refused(name: str, place: int, bytes_: bytes) -> None:
    write = {
        "a.xlsx": workbooks.xlsx,
        "a.xls": workbooks.xls,
        "a.csv": workbooks.csv,
        "a.md": workbooks.markdown,
    }[name]
    content = write(SMALL)
    place %= len(content)

    found = read_or_faults(name, content[:place] + bytes_ + content[place + len(bytes_) :])

    if isinstance(found, tuple):
        assert found
        assert "\n" not in "".join(map(str, found))
    else:
        assert found.questions


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["a.xlsx", "a.xls", "a.csv", "a.md"]), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    with pytest.raises(FormFaults):
        xlsform.read(name, content)
