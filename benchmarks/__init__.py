"""What the README's figures come from: `make bench` and `make soak`. Ships with nothing."""
