"""Chaos inside a program's own code: exceptions, time-outs, wrong answers and latency around anything that is called.

    from aichaos.inject import Chaos, ChaosModelWrapper
    model = ChaosModelWrapper(model, Chaos(exceptions=0.05, timeouts=0.02, wrong=0.01))   # or Chaos.from_environment()

Off by default: what is wrapped is then the bare thing itself. On, it ends by itself after `duration`, and the lever of the cluster stops it
earlier. This room is for other people's services: it needs nothing but Python, and no other room of aichaos.
"""

from aichaos.inject.chaos import Chaos, Fault, InjectedFailure, InjectedTimeout
from aichaos.inject.middleware import ASGIChaos, WSGIChaos
from aichaos.inject.wrap import ChaosModelWrapper, chaotic

__all__ = ["ASGIChaos", "Chaos", "ChaosModelWrapper", "Fault", "InjectedFailure", "InjectedTimeout", "WSGIChaos", "chaotic"]
