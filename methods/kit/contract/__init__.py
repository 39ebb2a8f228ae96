"""The reader and writer of the contract's files: numpy and the standard library alone."""
