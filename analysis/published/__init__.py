"""Published figures as data: curves digitised from the papers with their sources and reading errors, and targets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
