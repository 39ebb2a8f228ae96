"""What is asked: the contract, boards and scenarios; data sets, cases and metrics."""
