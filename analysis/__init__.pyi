from .bump import BumpEpochs, BumpMeasures, Pulse, measure_bump
from .measure import Measure
from .rates import Rate, cv, cv2, drift, instantaneous_rate, isi, mean_rate, rate_table
from .smooth import Binned, bin_means
from .spikes import SpikeTrain, Thresholds, choose_thresholds, detect

__all__ = [
    "Binned", "BumpEpochs", "BumpMeasures", "Measure", "Pulse", "Rate", "SpikeTrain", "Thresholds", "bin_means",
    "choose_thresholds", "cv", "cv2", "detect", "drift", "instantaneous_rate", "isi", "mean_rate",
    "measure_bump", "rate_table",
]
