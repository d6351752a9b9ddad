"""`make reference`: write the pages of the reference anew."""

import sys
from pathlib import Path

from docs.reference import alerts, commands, metrics, operations, panels, settings, syncs, views

FOLDER = Path(__file__).parent
PAGES = {
    "settings": settings.render,
    "commands": commands.render,
    "metrics": metrics.render,
    "panels": panels.render,
    "views": views.render,
    "operations": operations.render,
    "syncs": syncs.render,
    "alerts": alerts.render,
}


def main() -> None:
    """Write every page that is not as the code has it, and tell which."""
    for name, render in PAGES.items():
        path, told = FOLDER / f"{name}.md", render()
        if not path.exists() or path.read_text(encoding="utf-8") != told:
            path.write_text(told, encoding="utf-8")
            sys.stdout.write(f"docs/reference/{name}.md was written.\n")


if __name__ == "__main__":
    main()
