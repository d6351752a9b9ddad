"""The pages of the reference, made of what the code declares: `make reference`."""
