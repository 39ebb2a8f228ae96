"""The law of the sandbox, and the runner that makes calls under it."""
