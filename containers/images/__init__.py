"""The images of the methods: locked wheels, builds, names by digest, the engine."""
