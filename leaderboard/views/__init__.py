"""A board as text: Markdown, LaTeX, terminal, README, DVC, curves, and what changed."""
