"""Write docs/rules.md from the rules' docstrings: `make docs`."""

from pathlib import Path

from validator.report.rules import markdown
from validator.rule import discover

if __name__ == "__main__":
    file = Path(__file__).parent.parent / "docs" / "rules.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(markdown(discover()), encoding="utf-8")
    print(file)
