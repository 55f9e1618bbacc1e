"""What an operator is told about a form."""

from pathlib import Path

from surveys.forms import check, library
from tests.surveys.forms import workbooks

SHIPPED = Path(library.__file__).parent


def test_a_good_form_is_summed_up() -> None:
    text, code = check.report([SHIPPED / "hang_nam_doanh_nghiep.md"])

    assert code == 0
    assert "languages: vi, en, km (unreviewed)" in text
    assert "questions: 15 (1 select_multiple, 13 select_one, 1 text)" in text
    assert (
        "luu_tru  select_one, 6 choices, only if selected(${loai_hinh}, 'luu_tru'), satisfaction, feeds S1:L96"
        in text
    )
    assert "feeds S1:L122: phien_ha" in text
    assert "unreachable" not in text
    assert f"digest: {library.load('hang_nam_doanh_nghiep').digest}" in text


def test_what_nobody_reaches_and_what_is_not_said_is_told(tmp_path: Path) -> None:
    path = tmp_path / "phieu.xlsx"
    path.write_bytes(
        workbooks.xlsx(
            {
                "survey": [
                    ["type", "name", "label::vi", "label::en", "relevant", "required"],
                    ["text", "a", "A", "A", None, "yes"],
                    ["text", "b", "B", None, "false()", None],
                ],
                "settings": [["form_id", "version", "default_language"], ["x", "1", "vi"]],
            }
        )
    )

    text, code = check.report([path])

    assert code == 0
    assert "a  text, required" in text
    assert "unreachable: b (row 3): no answers make it appear" in text
    assert "not said in en: b" in text
    assert "feeds no criterion" in text


def test_every_file_is_told_of_and_one_fault_fails(tmp_path: Path) -> None:
    bad = tmp_path / "bad.md"
    bad.write_bytes(b"| survey |\n| | type | name | label |\n| | barcode | a | A |\n")

    text, code = check.report([SHIPPED / "tham_luot.md", bad, tmp_path, tmp_path / "missing.xlsx"])

    assert code == 1
    assert "tham_luot 2026.1" in text
    assert "cannot be published: 3 faults" in text
    assert "survey, row 2, column type: “barcode”: a chat cannot scan barcodes" in text
    assert "Is a directory" in text
    assert "No such file or directory" in text


def test_a_file_is_not_read_before_its_size_is_known(tmp_path: Path) -> None:
    path = tmp_path / "huge.xlsx"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)

    text, code = check.report([path])

    assert code == 1
    assert "larger than 5 MB" in text


def test_a_hundred_faults_are_not_a_hundred_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"survey\n,type,name,label\n" + b",barcode,a,A\n" * 100)

    text, _ = check.report([path])

    assert "and 62 more" in text
    assert len(text.splitlines()) == 43


def test_nothing_named_is_no_success() -> None:
    assert check.report([]) == ("no file was named", 1)
