from .budget import loading_budget
from .bump import Bump
from .currents import RelativeCurrent
from .request import Outcome, Request, execute
from .planning import sampling_rate
from .protocol import Context, Parameter, Protocol, Result
from .registry import get_protocol, protocols
from .report import write_run_report
from .rheobase import Rheobase
from .checks import check_protocol
from .runner import Progress, run_protocol
from .stimuli import Epoch, Stimulus, burst_train, hold, noise, pulse, ramp, train
from .summary import protocol_of, summarise
from .sweep import Sweep, Taken

__all__ = [
    "Bump", "Context", "Epoch", "Outcome", "Parameter", "Progress", "Protocol", "RelativeCurrent", "Request", "Result",
    "Rheobase", "Stimulus", "Sweep", "Taken", "burst_train", "check_protocol", "execute", "get_protocol", "hold",
    "loading_budget", "noise", "protocol_of", "protocols", "pulse", "ramp", "run_protocol", "sampling_rate", "summarise", "train",
    "write_run_report",
]  # fmt: skip
