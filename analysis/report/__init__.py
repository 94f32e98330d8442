"""From numbers to paper: figures described as panels of series, pages described as a document, and what writes them.

Everything is plain data (`Panel`, `Figure`, `Document`); `write_report` turns a document into one self-contained HTML
page with the figures beside it as PNG, SVG and one CSV per panel.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
