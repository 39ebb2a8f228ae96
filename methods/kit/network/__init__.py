"""What needs torch: layers, training, checkpoints, heads."""
