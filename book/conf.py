"""How Sphinx makes the book; `npm run course` puts the executed notebooks beside this file."""

project = "LatentLab"
author = "the LatentLab authors"

extensions = ["myst_nb"]
exclude_patterns = ["README.md"]

html_theme = "furo"
html_title = "LatentLab"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
# A summary would be fetched from its page, which a browser refuses for files on a disk.
html_show_search_summary = False

# Everything comes from this folder: the book is read without a network.
mathjax_path = "tex-svg.js"
html_js_files = [("plotly.js", {"defer": "defer"}), ("figures.js", {"defer": "defer"})]

nb_execution_mode = "off"
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
# Neither is about a link: headings that skip a level, and our own MIME types beside HTML.
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]
