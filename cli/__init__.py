"""The command line, one file a command; what the operator of a stack types."""
