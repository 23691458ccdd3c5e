"""Write docs/agreement.md from the cases that a real API server judges in the tests: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.cluster.agreement import table

if __name__ == "__main__":
    file = Path(__file__).parent.parent / "docs" / "agreement.md"
    file.write_text(table(), encoding="utf-8")
    print(file)
