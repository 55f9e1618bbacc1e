"""Reads the Markdown forms again and writes the JSON beside them: run after editing one."""

from pathlib import Path

from surveys.forms import library, xlsform
from surveys.forms.published import form_to_json


def main() -> None:
    for form_id in library.IDS:
        form = xlsform.read(f"{form_id}.md", library.markdown(form_id).encode())
        Path(__file__).with_name(f"{form_id}.json").write_text(form_to_json(form) + "\n", "utf-8")


if __name__ == "__main__":
    main()
