"""From predictions to score documents, the truth at hand."""
