from .board_file import digest, write_board
from .calibrate import Calibration, calibrate
from .chart import CURRENT_ERROR, RATE_ERROR, Chart, read_charts
from .fit import ChartFit, Parameter, fit_chart
from .picture import calibration_figure
from .recorded import chart_of_run
from .spike import SpikeFit, fit_spike, read_spikes

__all__ = [
    "CURRENT_ERROR", "RATE_ERROR", "Calibration", "Chart", "ChartFit", "Parameter", "SpikeFit", "calibrate",
    "calibration_figure", "chart_of_run", "digest", "fit_chart", "fit_spike", "read_charts", "read_spikes", "write_board",
]  # fmt: skip
