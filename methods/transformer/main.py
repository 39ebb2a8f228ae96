"""A plain supervised transformer, trained from nothing: what every pretrained encoder of its kind
has to beat. Random and frozen, it is the control `untrained`, of which only the heads are
trained."""

from methods.kit.contract.call import Call
from methods.kit.network.layers import Completion, Transformer
from methods.kit.network.method import run


def encode(call: Call, leads: int, channels: int) -> Transformer:
    params = call.params
    encoder = Transformer(channels, params["width"], params["depth"], params["heads"])
    return encoder.requires_grad_(params["protocol"] == "finetune")


def complete(call: Call, leads: int, channels: int) -> Completion:
    return Completion(encode(call, leads, channels), channels, leads)


if __name__ == "__main__":
    run(encode, complete)
