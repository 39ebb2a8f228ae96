"""The entry point of a learned method: one encoder, all four tasks.

`encode(call, leads, channels)` builds an encoder (`methods.kit.network.layers.Encoder`);
`complete(call, leads, channels)` a network that maps the same input to what is to be added to the
classical estimate, (windows, leads, samples). The channels are those of
`methods.kit.network.completion`, the numbers of the leads those of `methods.kit.signal.leads`."""

from collections.abc import Callable

import torch

from methods.kit.contract import call as contract
from methods.kit.contract import records, windows
from methods.kit.contract.call import Call
from methods.kit.network import completion, heartbeats


def run(
    encode: heartbeats.Build,
    complete: completion.Build,
    pretrain: Callable[[Call], None] | None = None,
) -> None:
    """Answer the call that the command line describes, on one thread: equal seeds are equal
    bytes."""
    torch.set_num_threads(1)

    def fit(call: Call) -> None:
        if call.task == "classification":
            heartbeats.fit(call, encode)
        else:
            completion.fit(call, complete)

    def predict(call: Call) -> None:
        if call.task == "classification":
            records.classify(call, lambda case, call: heartbeats.predict(case, call, encode))
        else:
            windows.complete(call, lambda case, call: completion.predict(case, call, complete))

    contract.answer(predict, fit, pretrain)
