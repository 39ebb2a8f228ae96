"""What methods share; README.md says which module to open."""
