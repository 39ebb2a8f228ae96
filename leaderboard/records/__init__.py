"""The committed files that a board is made from: score documents, verdicts, learning curves,
literature."""
