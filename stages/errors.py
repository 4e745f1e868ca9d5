"""What a user can put right: told in a sentence, never as a traceback."""


class UserError(Exception):
    """A mistake in the input, the configuration or the surroundings.

    The message says what was wrong, where (file, key, value), what was expected and what to do.
    `command.run` prints it on one line of stderr and ends the process with `exit_code`.
    """

    exit_code = 2
