"""From a measured f-I chart and a spike to the numbers of a neuron, with what they are worth.

`read_charts` and `read_spikes` read CSV files, `chart_of_run` a recorded run; `calibrate` fits one neuron, `write_board`
writes its board again, `calibration_figure` draws it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
