"""What is asked: the contract, the boards' settings, the scenarios; data sets, cases and metrics."""
