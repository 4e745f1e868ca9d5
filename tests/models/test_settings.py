"""A network's block of params.yaml: what it takes, and what it says to what it does not."""

import subprocess
import sys

import pydantic
import pytest

from tests.models.networks import NAMES, architecture, settings


@pytest.mark.parametrize("name", NAMES)
def test_the_real_parameters_are_complete(name):
    network = architecture(name).Network
    assert network(**settings(name)).model_dump() == settings(name)
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        network(**settings(name), kernal_size=3)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("simple_cnn", {"kernel_size": 0}, "greater than or equal to 1"),
        ("simple_cnn", {"filters": []}, "at least 1 item"),
        ("simple_cnn", {"filters": [8, 0]}, "greater than or equal to 1"),
        ("simple_cnn", {"filters": "8"}, "valid list"),
        ("mnist_cnn", {"dropout": 1.5}, "less than 1"),
        ("mnist_cnn", {"dropout": 1.0}, "less than 1"),
        ("mnist_cnn", {"blocks": [[32], []]}, "at least 1 item"),
        ("mnist_cnn", {"dense": 0}, "greater than or equal to 1"),
        ("cifar_cnn", {"batch_norm": 1}, "valid boolean"),
        ("cifar_cnn", {"l2": -0.1}, "greater than or equal to 0"),
        ("baseline_cnn", {"kernel_size": 5}, "3 or 4"),
        ("baseline_cnn", {"kernel_size": 0}, "3 or 4"),
        ("baseline_cnn", {"stride": 9}, "1, 2 or 3"),
        ("baseline_cnn", {"stride": "2"}, "1, 2 or 3"),
        ("mobilenet_v2", {"blocks": [[16, 1, 1], [24, 2]]}, r"block 2 is \[24, 2\]: expected"),
        ("mobilenet_v2", {"blocks": [[16, 3, 1]]}, "stride 1 or 2"),
        ("mobilenet_v2", {"blocks": [[0, 1, 1]]}, "output channels from 1"),
        ("mobilenet_v2", {"dropout": -0.1}, "greater than or equal to 0"),
        ("efficient_cnn", {"branch_filters": 2.5}, "valid integer"),
        ("efficient_cnn", {"blocks": []}, "at least 1 item"),
        ("resnet18", {"widths": [64, -1]}, "greater than or equal to 1"),
        ("resnet18", {"blocks_per_width": 0}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_refused(name, change, expected):
    with pytest.raises(pydantic.ValidationError, match=expected):
        architecture(name).Network(**settings(name) | change)


def test_reading_parameters_imports_no_keras():
    script = """
import sys
from heatproof.config import params
study = params.load()
names = {model.network.architecture for model in study.models.values()}
assert names >= {"resnet18", "vgg_cnn"}
assert not {"keras", "tensorflow"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
