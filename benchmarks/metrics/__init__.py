"""How near an answer is to the truth: per window, and per beat."""
