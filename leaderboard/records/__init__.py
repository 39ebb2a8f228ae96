"""What a board is made from, as it lies in git: cells, verdicts, histories, literature."""
