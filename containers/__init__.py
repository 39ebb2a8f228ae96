"""Where a method runs: its calls, its image, the search of images for data, the sandbox."""
