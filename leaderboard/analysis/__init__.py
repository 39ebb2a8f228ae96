"""What scores say once patients, seeds and the number of comparisons are counted."""
