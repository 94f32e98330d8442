"""What the traces say: spikes, rates, the measures of an experiment, published curves, and the report that shows them.

Functions here are pure: arrays and `Trace`s in, numbers with their errors and tidy tables out. Nothing here talks to an
instrument or knows a protocol; figures and pages are described as data (`Panel`, `Document`) and written in `report`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
