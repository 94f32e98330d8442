from .bump import LABELS, BumpMeasures, measure_bump
from .bursts import Bursts, burst_table, choose_gap, find_bursts, overlap, phase
from .clocks import Alignment, Edges, align, marker_edges
from .comparison import Row, compare, distance, row_table
from .correlation import neural_correlation
from .epochs import BumpEpochs, Pulse
from .measure import Measure
from .moved import Answer, Shift, judge, shift, standing, swing
from .rates import Rate, cv, cv2, drift, instantaneous_rate, isi, mean_rate, rate_table
from .shape import spike_decay
from .smooth import Binned, beyond_range, bin_means, mean_level
from .spikes import SpikeTrain, Thresholds, choose_thresholds, detect

__all__ = [
    "LABELS", "Alignment", "Answer", "Binned", "BumpEpochs", "BumpMeasures", "Bursts", "Edges", "Measure", "Pulse", "Rate",
    "Row", "Shift", "SpikeTrain", "Thresholds", "align", "beyond_range", "bin_means", "burst_table", "choose_gap",
    "choose_thresholds", "compare", "cv", "cv2", "detect", "distance", "drift", "find_bursts", "instantaneous_rate",
    "isi", "judge", "marker_edges", "mean_level", "mean_rate", "measure_bump", "neural_correlation", "overlap", "phase",
    "rate_table", "row_table", "shift", "spike_decay", "standing", "swing",
]  # fmt: skip
