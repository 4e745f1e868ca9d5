"""What must be equal on all machines, and in which words it is said that it is not."""

from heatproof.cluster import machine


def test_a_machine_is_like_itself_and_not_like_another() -> None:
    own = machine.facts()
    assert own["libraries"]["tensorflow"] and own["python"].startswith("3.")
    assert machine.software_differences(own, own) == []
    assert machine.kind_differences(own, own) == []
    older = own | {"python": "3.10.1", "libraries": own["libraries"] | {"keras": "2.0"}}
    del older["libraries"]["dvc"]
    said = machine.software_differences(older, own)
    assert said[0] == f"Python 3.10.1, expected {own['python']}"
    assert any(line.startswith("keras 2.0, expected 3.") for line in said)
    assert any(line.startswith("dvc is missing, expected") for line in said)
    slower = own | {"instructions": ["AVX2"], "cpu": "Old"}
    faster = own | {"instructions": ["AVX2", "AVX-512"], "cpu": "New"}
    assert machine.kind_differences(slower, faster) == [
        "its processor (Old) is without AVX-512, unlike the others'"
    ]
    assert machine.kind_differences(faster, slower) == [
        "its processor (New) is with AVX-512, unlike the others'"
    ]
    arm = own | {"architecture": "aarch64"}
    assert "aarch64" in machine.kind_differences(arm, own | {"architecture": "x86_64"})[0]
