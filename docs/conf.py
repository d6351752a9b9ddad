"""How the site is made of these Markdown pages: `make docs` (Sphinx with MyST, theme furo).

Nothing in it may come from another host, and a link that leads nowhere ends the build.
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent

project = "Caseboard"
author = "The Caseboard maintainers"
copyright = author
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["examples"]
# Every title down to the third level can be linked to, as `page.md#its-words`.
myst_heading_anchors = 3
nitpicky = True
# Blocks are output, addresses and settings as often as commands.
highlight_language = "text"
pygments_style = "friendly"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "site/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#2F6FB3",
        "color-brand-content": "#2F6FB3",
        "color-brand-visited": "#2F6FB3",
        "color-foreground-primary": "#1B2330",
        "color-foreground-secondary": "#5B6675",
        "color-background-secondary": "#F6F7F9",
        "color-background-border": "#E3E6EB",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6FA8E6",
        "color-brand-content": "#6FA8E6",
        "color-brand-visited": "#6FA8E6",
        "color-background-primary": "#0F141B",
        "color-background-secondary": "#171E27",
        "color-background-border": "#2A3440",
        "color-foreground-primary": "#E6EAF0",
        "color-foreground-secondary": "#9AA7B6",
    },
}
