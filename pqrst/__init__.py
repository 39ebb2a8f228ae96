"""The front door: the command line, and the commands that use the whole house."""
