"""What a task hands back: never arrays, but their hashes, by which others find them."""

from dataclasses import dataclass, field

INTERRUPTED = 130  # as a shell has it
NOT_BEGUN = -1  # what it needs failed


class NodeFault(Exception):
    """Something is wrong with a node, not with the study: another node may do the task.

    The message begins with the node's name.
    """


@dataclass(frozen=True)
class Account:
    """What a task did.

    task: its name. node: that it ran on. code: as the stages ended, 0 where all went well. message:
    what a user has to read of it where it did not, a line or a few. entries: stage -> its lines in
    dvc.lock. files: path -> content of small results that DVC leaves to git. run_cache: path within
    DVC's run-cache -> content. seconds: stage -> how long it took. ran: the stages that were
    neither unchanged nor restored.
    """

    task: str
    node: str = ""
    code: int = 0
    message: str = ""
    entries: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    run_cache: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    ran: tuple[str, ...] = ()

    @property
    def went_well(self) -> bool:
        """Whether all its stages are done."""
        return self.code == 0
